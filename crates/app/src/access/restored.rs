//! What ended since a copy of the data was made does not come to life again when the copy is put in their place.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::{TenantId, Timestamp};
use countersign_rights::How;
use countersign_store::{AccessWrite, PersonRow, Store, StoreError};

use super::{Caller, InstallationPermit, PEOPLE_PAGE, Permit, told::Fact};
use crate::{App, Error};

/// What does not hold in data that are replaced, and in them alone can be known not to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// People and service accounts that were disabled, tokens of accounts and of the short form that were revoked.
    ids: BTreeSet<String>,
    /// The grants that held: one that is not among them was taken back.
    grants: BTreeSet<String>,
}

impl Ended {
    /// Reads it.
    ///
    /// # Errors
    /// As every read of the store.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        let grants = store.list_grants(None).await?.into_iter().map(|grant| grant.id).collect();
        let mut ids = BTreeSet::new();
        for Credential { id, is_ended, .. } in credentials(store).await? {
            ids.extend(is_ended.then_some(id));
        }
        Ok(Self { ids, grants })
    }
}

/// Something that may let somebody in.
struct Credential {
    id: String,
    is_ended: bool,
    kind: Kind,
}

enum Kind {
    Person,
    Account,
    Token,
    RiskToken(TenantId),
}

/// All that a store has, whether they hold or not.
async fn credentials(store: &Store) -> Result<Vec<Credential>, StoreError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.list_people(PEOPLE_PAGE, after.as_deref()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        all.extend(page.into_iter().map(|PersonRow { id, disabled_at, .. }| Credential {
            id,
            is_ended: disabled_at.is_some(),
            kind: Kind::Person,
        }));
    }
    for account in store.list_accounts().await? {
        for token in store.list_account_tokens(&account.id).await? {
            let is_ended = token.revoked_at.is_some();
            all.push(Credential { id: token.id, is_ended, kind: Kind::Token });
        }
        let is_ended = account.disabled_at.is_some();
        all.push(Credential { id: account.id, is_ended, kind: Kind::Account });
    }
    for tenant in store.list_tenants().await? {
        for token in store.list_risk_tokens(&tenant).await? {
            let is_ended = token.revoked_at.is_some();
            all.push(Credential { id: token.id, is_ended, kind: Kind::RiskToken(tenant.clone()) });
        }
    }
    Ok(all)
}

impl App {
    /// Ends what a copy of the data must not bring to life: all of its sessions and one-time links, and what is known to have `ended` since.
    /// Returns how much of the latter there was. Each is a leaf.
    ///
    /// # Errors
    /// `Unavailable`; call it again.
    pub async fn end_what_ended(self: &Arc<Self>, ended: Option<&Ended>) -> Result<u64, Error> {
        let by = Caller::local(How::Process);
        let (facts, everywhere) = ([Fact("by", by.id())], self.everywhere());
        if everywhere.is_empty() {
            return Ok(0);
        }
        let all = AccessWrite::Prune { before: Timestamp::from_micros(i64::MAX) };
        self.change_access(&everywhere, "sessions_ended", &facts, vec![all]).await?;
        let Some(ended) = ended else { return Ok(0) };
        let permit = InstallationPermit { caller: by.clone() };
        let mut count = 0;
        let found = credentials(&self.ports.store).await?;
        for Credential { id, kind, .. } in
            found.into_iter().filter(|found| !found.is_ended && ended.ids.contains(&found.id))
        {
            match kind {
                Kind::Person => self.disable_person(&permit, &id).await?,
                Kind::Account => self.disable_account(&permit, &id).await?,
                Kind::Token => self.revoke_account_token(&permit, &id).await?,
                Kind::RiskToken(tenant) => {
                    self.revoke_risk_token(&Permit::new(self.tenant(&tenant)?, by.clone()), &id).await?;
                }
            }
            count += 1;
        }
        for grant in self.ports.store.list_grants(None).await? {
            if !ended.grants.contains(&grant.id) {
                self.end_grant(&permit, &grant.id).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}
