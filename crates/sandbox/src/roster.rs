//! Who works where: one line a person, all of them invented.

use crate::{
    city::{self, City},
    company::Company::{self, Corvelle, Lantern, Larkspur},
    device::Browser::{
        self, ChromeAndroid, ChromeMac, ChromeWindows, EdgeWindows, FirefoxLinux, Handheld, SafariMac,
        SafariPhone,
    },
    people::{Factor, Role, Shift, Strategy},
};

const WEEK: u8 = 0b001_1111;
const NONE: &[Factor] = &[];
const OTP: &[Factor] = &[Factor::Otp];
const OTP_PHONE: &[Factor] = &[Factor::Otp, Factor::Phone];
const PUSH: &[Factor] = &[Factor::Push, Factor::Otp];
const KEY: &[Factor] = &[Factor::WebauthnRoaming, Factor::Otp];
const PLATFORM: &[Factor] = &[Factor::WebauthnPlatform, Factor::Phone];

const EARLY: Shift = Shift { days: 0b011_1110, begins: 5, ends: 13 };
const LATE: Shift = Shift { days: 0b110_0111, begins: 13, ends: 21 };
const STUDIO: Shift = Shift { days: WEEK, begins: 10, ends: 19 };

/// What is fixed about a person before chance adds the rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) company: Company,
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    pub(crate) browser: Browser,
    pub(crate) second: Option<Browser>,
    pub(crate) home: City,
    pub(crate) factors: &'static [Factor],
    pub(crate) role: Role,
    pub(crate) strategy: Strategy,
    pub(crate) shift: Shift,
    pub(crate) remote_days: u8,
    pub(crate) trips: Option<City>,
}

const fn row(
    company: Company,
    given_name: &'static str,
    family_name: &'static str,
    browser: Browser,
    factors: &'static [Factor],
) -> Row {
    let home = company.organization().office_city;
    let (role, strategy) = (Role::Member, Strategy::Auth0);
    let shift = match company {
        Lantern => STUDIO,
        _ => Shift { days: WEEK, begins: 8, ends: 17 },
    };
    let (second, remote_days, trips) = (None, 0, None);
    Row {
        company,
        given_name,
        family_name,
        browser,
        second,
        home,
        factors,
        role,
        strategy,
        shift,
        remote_days,
        trips,
    }
}

impl Row {
    const fn second(self, browser: Browser) -> Self {
        Self { second: Some(browser), ..self }
    }

    const fn home(self, home: City) -> Self {
        Self { home, ..self }
    }

    const fn admin(self) -> Self {
        Self { role: Role::Admin, ..self }
    }

    const fn federated(self, strategy: Strategy) -> Self {
        Self { strategy, factors: NONE, ..self }
    }

    const fn shift(self, shift: Shift) -> Self {
        Self { shift, ..self }
    }

    /// `days`: bit 0 is Monday.
    const fn remote(self, days: u8) -> Self {
        Self { remote_days: days, ..self }
    }

    const fn travels(self, city: City) -> Self {
        Self { trips: Some(city), ..self }
    }
}

/// Twelve people of each organization.
pub(crate) const ROSTER: [Row; 36] = [
    row(Larkspur, "Nora", "Whitfield", ChromeWindows, OTP_PHONE).admin().second(SafariPhone),
    row(Larkspur, "Calvin", "Osgood", EdgeWindows, OTP).home(city::EVANSTON).travels(city::NEW_YORK),
    row(Larkspur, "Imani", "Prescott", ChromeMac, KEY).second(SafariPhone).remote(0b1_0000),
    row(Larkspur, "Tobias", "Lindqvist", ChromeWindows, NONE).home(city::NAPERVILLE).remote(0b1_0001),
    row(Larkspur, "Grace", "Adeyemi", SafariMac, PLATFORM).second(SafariPhone).travels(city::DENVER),
    row(Larkspur, "Hugh", "Barlow", EdgeWindows, NONE).home(city::EVANSTON),
    row(Larkspur, "Selene", "Castellan", ChromeWindows, PUSH).second(ChromeAndroid),
    row(Larkspur, "Dmitri", "Halloran", ChromeWindows, OTP).home(city::NAPERVILLE).remote(0b0_0100),
    row(Larkspur, "Paula", "Renwick", EdgeWindows, OTP_PHONE).travels(city::NEW_YORK).second(SafariPhone),
    row(Larkspur, "Jonas", "Tremaine", ChromeMac, OTP).home(city::EVANSTON).remote(WEEK),
    row(Larkspur, "Willa", "Drummond", ChromeWindows, NONE),
    row(Larkspur, "Arthur", "Kessler", ChromeWindows, KEY).admin().home(city::EVANSTON),
    row(Corvelle, "Elise", "Marchetti", ChromeWindows, OTP).admin().second(SafariPhone),
    row(Corvelle, "Bastien", "Rouvier", FirefoxLinux, KEY).admin().remote(0b1_0100),
    row(Corvelle, "Odile", "Fontenay", EdgeWindows, OTP_PHONE).home(city::VILLEURBANNE).travels(city::MADRID),
    row(Corvelle, "Karim", "Benali", ChromeAndroid, NONE).second(Handheld).shift(EARLY),
    row(Corvelle, "Lucie", "Garrault", ChromeAndroid, NONE)
        .second(Handheld)
        .shift(LATE)
        .home(city::VILLEURBANNE),
    row(Corvelle, "Mathis", "Perrodin", ChromeWindows, OTP).second(Handheld).shift(EARLY).home(city::VIENNE),
    row(Corvelle, "Salome", "Vachon", EdgeWindows, PUSH).second(ChromeAndroid).shift(LATE),
    row(Corvelle, "Thibault", "Ancel", ChromeWindows, NONE).home(city::VIENNE),
    row(Corvelle, "Ines", "Delorme", EdgeWindows, OTP_PHONE).remote(0b0_1000).travels(city::BERLIN),
    row(Corvelle, "Gaspard", "Lemoine", ChromeWindows, OTP).shift(EARLY).home(city::VILLEURBANNE),
    row(Corvelle, "Yasmine", "Teyssier", ChromeWindows, NONE).shift(LATE),
    row(Corvelle, "Florian", "Coste", EdgeWindows, OTP).home(city::VILLEURBANNE).remote(0b1_0000),
    row(Lantern, "Mei", "Tan", ChromeMac, OTP).admin().second(SafariPhone).travels(city::BANGKOK),
    row(Lantern, "Arjun", "Pillai", ChromeMac, KEY).remote(0b0_1010),
    row(Lantern, "Siti", "Rahman", SafariMac, PLATFORM).home(city::JOHOR_BAHRU).second(SafariPhone),
    row(Lantern, "Wei", "Koh", ChromeWindows, OTP).second(ChromeAndroid),
    row(Lantern, "Priya", "Nair", SafariMac, NONE).second(SafariPhone).federated(Strategy::Waad),
    row(Lantern, "Daniel", "Ong", ChromeMac, NONE).federated(Strategy::Waad).travels(city::JAKARTA),
    row(Lantern, "Hana", "Yusof", EdgeWindows, NONE).federated(Strategy::Waad).home(city::JOHOR_BAHRU),
    row(Lantern, "Kenji", "Lim", FirefoxLinux, NONE).federated(Strategy::Samlp),
    row(Lantern, "Clara", "Wijaya", ChromeMac, NONE).federated(Strategy::Samlp).remote(WEEK),
    row(Lantern, "Rizal", "Hassan", ChromeWindows, NONE).remote(0b1_0000),
    row(Lantern, "Joanne", "Seah", SafariMac, PUSH).second(SafariPhone),
    row(Lantern, "Vikram", "Goh", ChromeWindows, OTP_PHONE).shift(Shift { days: WEEK, begins: 12, ends: 22 }),
];
