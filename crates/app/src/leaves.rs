//! Making a leaf: public header, commitments, sealed bodies.

use std::collections::BTreeMap;

use countersign_core::Timestamp;
use countersign_ledger::leaf::{self, Kind, Leaf};
use countersign_privacy::Sealed;
use countersign_store::{NewBody, NewLeaf};

use crate::{App, Error, Tenant, access::Caller, subjects::PersonKey, writes::told};

/// Length of the salt of a commitment, in bytes.
pub(crate) const SALT_BYTES: usize = 32;

/// Room for a salted body, in bytes: most records of sign-ins fit.
const USUAL_BYTES: usize = 10 * 1_024;

/// What a leaf says, before it is encoded.
pub(crate) struct Draft<'a> {
    pub(crate) id: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) kind: Kind,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) hashes: BTreeMap<String, String>,
    pub(crate) facts: BTreeMap<String, String>,
}

impl<'a> Draft<'a> {
    pub(crate) const fn new(id: &'a str, at: Timestamp, kind: Kind) -> Self {
        Self { id, at, kind, versions: BTreeMap::new(), hashes: BTreeMap::new(), facts: BTreeMap::new() }
    }

    pub(crate) fn fact(mut self, name: &str, value: &dyn std::fmt::Display) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }

    /// Who did it, by id, and by which credential they came. Never a name: leaves are for all to read, and stay.
    pub(crate) fn by(self, caller: &Caller) -> Self {
        self.fact("by", &told(caller.id())).fact("how", &caller.principal().how)
    }
}

/// What a sealed body is bound to: it opens nowhere else.
pub(crate) fn context(tenant: &Tenant, record_id: &str) -> Vec<u8> {
    [tenant.id.as_str().as_bytes(), b"\0", record_id.as_bytes()].concat()
}

impl App {
    /// Encodes a leaf that says nothing about a person.
    pub(crate) fn public_leaf(tenant: &Tenant, draft: Draft<'_>) -> Result<NewLeaf, Error> {
        Self::encode(tenant, draft, Vec::new(), Vec::new())
    }

    /// Encodes a leaf about one person: the body is salted, committed to, and sealed under the person's key.
    pub(crate) fn personal_leaf(
        &self,
        tenant: &Tenant,
        draft: Draft<'_>,
        key: &PersonKey,
        body: &[u8],
    ) -> Result<NewLeaf, Error> {
        self.personal_leaf_of(tenant, draft, key, |salted| {
            salted.extend_from_slice(body);
            Ok(())
        })
    }

    /// As `personal_leaf`, of a body that is written right behind its salt.
    pub(crate) fn personal_leaf_of(
        &self,
        tenant: &Tenant,
        draft: Draft<'_>,
        key: &PersonKey,
        write_body: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<NewLeaf, Error> {
        let mut salted = Vec::with_capacity(USUAL_BYTES);
        salted.resize(SALT_BYTES, 0);
        self.ports.entropy.fill(&mut salted).map_err(Error::internal)?;
        write_body(&mut salted)?;
        let (salt, body) = salted
            .split_first_chunk::<SALT_BYTES>()
            .ok_or_else(|| Error::internal("a body without its salt"))?;
        let commitment = leaf::commit(salt, body);
        let sealed = Sealed::seal(&key.key, &context(tenant, draft.id), &salted, self.ports.entropy.as_ref())
            .map_err(Error::internal)?;
        let bodies = vec![NewBody { key_id: key.id.clone(), sealed: sealed.as_bytes().to_vec() }];
        Self::encode(tenant, draft, vec![commitment], bodies)
    }

    fn encode(
        tenant: &Tenant,
        draft: Draft<'_>,
        commitments: Vec<countersign_ledger::Hash>,
        bodies: Vec<NewBody>,
    ) -> Result<NewLeaf, Error> {
        let Draft { id, at, kind, versions, hashes, facts } = draft;
        let leaf = Leaf {
            v: leaf::Version,
            id: id.to_owned(),
            tenant: tenant.id.clone(),
            at,
            kind,
            versions,
            hashes,
            facts,
            commitments,
        };
        Ok(NewLeaf { at, record_id: id.to_owned(), leaf: leaf.encode().map_err(Error::internal)?, bodies })
    }
}
