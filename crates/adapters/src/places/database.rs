//! One database in the MaxMind DB format.

use std::net::IpAddr;

use countersign_app::places::{NetworkKind, Place};
use countersign_core::Timestamp;
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};

use super::record::{City, Traits};
use crate::files::Why;

/// How many networks are looked at to tell a database of one thing from one of another.
const PROBED: usize = 10_000;

/// What a database is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    City,
    Asn,
    Anonymizers,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::City, Self::Asn, Self::Anonymizers];

    /// The key of the setting.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::Asn => "asn",
            Self::Anonymizers => "anonymizers",
        }
    }

    /// The setting, with its section.
    pub(super) const fn setting(self) -> &'static str {
        match self {
            Self::City => "places.city",
            Self::Asn => "places.asn",
            Self::Anonymizers => "places.anonymizers",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::City => "a country or coordinates",
            Self::Asn => "an autonomous system",
            Self::Anonymizers => "a kind of network",
        }
    }

    fn is_told(self, place: &Place) -> bool {
        match self {
            Self::City => place.country.is_some() || place.point.is_some(),
            Self::Asn => place.asn.is_some(),
            Self::Anonymizers => place.network != NetworkKind::Unknown,
        }
    }
}

pub(super) struct Database {
    role: Role,
    reader: Reader<Vec<u8>>,
}

impl Database {
    /// Takes a file's bytes for a database of what `role` asks for.
    pub(super) fn parse(role: Role, bytes: Vec<u8>) -> Result<Self, Why> {
        let reader = Reader::from_source(bytes).map_err(|error| Why::NotDatabase(error.to_string()))?;
        let database = Self { role, reader };
        // Why all networks, also empty ones and aliases: each step then ends, whatever the tree looks like.
        let all = WithinOptions::default().include_networks_without_data().include_aliased_networks();
        let mut networks =
            database.reader.networks(all).map_err(|error| Why::NotDatabase(error.to_string()))?.take(PROBED);
        let is_told = networks.any(|found| {
            let place = found.and_then(|found| database.read(&found)).ok().flatten();
            place.is_some_and(|place| role.is_told(&place))
        });
        if !is_told {
            let kind = database.reader.metadata().database_type.chars().take(64).collect();
            return Err(Why::OtherDatabase { wanted: role.wanted(), kind });
        }
        Ok(database)
    }

    /// What it says of an address; `None` where it says nothing, or what can't be decoded.
    pub(super) fn find(&self, address: IpAddr) -> Option<Place> {
        self.read(&self.reader.lookup(address).ok()?).ok().flatten()
    }

    /// When it was built, by its own account.
    pub(super) fn built(&self) -> Timestamp {
        let seconds = self.reader.metadata().build_epoch;
        // Why a bound: microseconds of it must be a number too.
        Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX).min(i64::MAX / 1_000_000))
    }

    /// The nodes of its tree, by its own account: about as many as there are networks, or some more.
    pub(super) fn nodes(&self) -> u64 {
        self.reader.metadata().node_count.into()
    }

    fn read(&self, found: &LookupResult<'_, Vec<u8>>) -> Result<Option<Place>, MaxMindDbError> {
        Ok(match self.role {
            Role::City => found.decode::<City<'_>>()?.map(|record| record.place()),
            Role::Asn | Role::Anonymizers => found.decode::<Traits<'_>>()?.map(|record| record.place()),
        })
    }
}
