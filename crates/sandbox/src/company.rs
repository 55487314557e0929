//! The tenant's three organizations and their applications; every name is invented, every domain ends in `.example`.

use crate::{
    city::{self, City},
    network::{Network, Region},
};

/// The tenant's id, as `event.tenant.id`.
pub const TENANT: &str = "countersign-sandbox";

/// An organization of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Company {
    /// Larkspur & Vane, a law firm in Chicago: Enterprise plan, so Auth0's own risk assessment is there.
    Larkspur,
    /// Corvelle Fret, a logistics company in Lyon: shifts, and one legacy client that uses the password grant.
    Corvelle,
    /// Lantern Studio, a design studio in Singapore: partly federated.
    Lantern,
}

/// What the events say about an organization, and where its people sit.
#[derive(Debug, Clone, Copy)]
pub struct Organization {
    /// `org_…`.
    pub id: &'static str,
    /// The machine-readable name.
    pub name: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The domain of its addresses, below `.example`.
    pub domain: &'static str,
    /// The language of its browsers, two letters.
    pub language: &'static str,
    /// The client that its people use.
    pub client: Client,
    /// Where its office stands.
    pub office_city: City,
    /// The office's network.
    pub office: Network,
    /// The two providers of its people's homes.
    pub home_asns: [u32; 2],
    /// The network of its people's telephones.
    pub mobile: Network,
}

/// An application of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The audience of its access tokens.
    pub audience: &'static str,
    /// Where a browser is sent back to; empty for a client without a browser.
    pub callback: &'static str,
}

/// The client of handheld scanners that still uses the password grant.
pub const LEGACY_CLIENT: Client = Client {
    id: "sbxFreightScanLegacy00000000003a",
    name: "Freight Scan (legacy)",
    audience: "https://api.corvelle-fret.example/",
    callback: "",
};

const LARKSPUR: Organization = Organization {
    id: "org_sbxLarkspur00001",
    name: "larkspur-vane",
    display_name: "Larkspur & Vane LLP",
    domain: "larkspur-vane.example",
    language: "en",
    client: Client {
        id: "sbxMatterDesk0000000000000000001",
        name: "Matter Desk",
        audience: "https://api.larkspur-vane.example/",
        callback: "https://desk.larkspur-vane.example/callback",
    },
    office_city: city::CHICAGO,
    office: Network::v4(64496, Region::Americas, 10, 4),
    home_asns: [64499, 64500],
    mobile: Network::v6(64505, 0x0501),
};

const CORVELLE: Organization = Organization {
    id: "org_sbxCorvelle00002",
    name: "corvelle-fret",
    display_name: "Corvelle Fret SAS",
    domain: "corvelle-fret.example",
    language: "fr",
    client: Client {
        id: "sbxFreightBoard00000000000000002",
        name: "Freight Board",
        audience: "https://api.corvelle-fret.example/",
        callback: "https://board.corvelle-fret.example/callback",
    },
    office_city: city::LYON,
    office: Network::v4(64497, Region::EuropeAfrica, 10, 4),
    home_asns: [64501, 64502],
    mobile: Network::v6(64506, 0x0502),
};

const LANTERN: Organization = Organization {
    id: "org_sbxLantern000003",
    name: "lantern-studio",
    display_name: "Lantern Studio Pte Ltd",
    domain: "lantern-studio.example",
    language: "en",
    client: Client {
        id: "sbxLightTable0000000000000000003",
        name: "Light Table",
        audience: "https://api.lantern-studio.example/",
        callback: "https://table.lantern-studio.example/callback",
    },
    office_city: city::SINGAPORE,
    office: Network::v4(64498, Region::AsiaPacific, 10, 4),
    home_asns: [64503, 64504],
    mobile: Network::v6(64507, 0x0503),
};

impl Company {
    /// Every organization of the tenant.
    pub const ALL: [Self; 3] = [Self::Larkspur, Self::Corvelle, Self::Lantern];

    /// What the events say about it.
    #[must_use]
    pub const fn organization(self) -> &'static Organization {
        match self {
            Self::Larkspur => &LARKSPUR,
            Self::Corvelle => &CORVELLE,
            Self::Lantern => &LANTERN,
        }
    }

    /// Whether Auth0's own risk assessment and custom domain come with its plan.
    #[must_use]
    pub const fn is_enterprise(self) -> bool {
        matches!(self, Self::Larkspur)
    }
}
