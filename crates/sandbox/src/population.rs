//! The tenant's people, made from a scenario and a seed.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::Timestamp;

use crate::{
    city::City,
    company::{Client, Organization},
    device::{Browser, Device},
    dice::Dice,
    event::named_id,
    habits,
    names::{FAMILY, GIVEN},
    network::{Network, Region},
    people::{Person, Spot, Strategy, Trips},
    scenario::{
        OrganizationForm, PeopleForm, Scenario,
        habit::{DEFAULT, Habits},
        values::{FullName, Home, Machine, Share},
    },
};

/// The first account was made on this day, 2024-03-04, a Monday; the others within the two years after it.
const FIRST_ACCOUNT: Timestamp = Timestamp::from_seconds(1_709_510_400);
const DAY: i64 = 86_400_000_000;

/// Host numbers of offices that share a region's /24; further offices have IPv6.
const OFFICES: [u8; 4] = [10, 6, 14, 2];
/// So many people can have neighboring IPv4 addresses at home, between the offices and rented machines from 200.
const IPV4_HOMES: u16 = 85;

/// The tenant's organizations and people.
#[derive(Debug, Clone)]
pub struct Population {
    organizations: Vec<Arc<Organization>>,
    people: Vec<Person>,
}

impl Population {
    /// Makes the people of a scenario; the same seed makes the same people.
    pub(crate) fn make(scenario: &Scenario, seed: u64) -> Self {
        let mut made = Self { organizations: Vec::new(), people: Vec::new() };
        for (place, form) in scenario.organizations.iter().enumerate() {
            let organization = Arc::new(made.organization(form, u16::try_from(place).unwrap_or(u16::MAX)));
            let around = form.habits.within(DEFAULT);
            let mut taken = BTreeSet::new();
            for entry in form.people.iter().map(toml::Spanned::get_ref) {
                for _ in 0..entry.count.map_or(1, |count| count.0) {
                    let number = u16::try_from(made.people.len()).unwrap_or(u16::MAX).saturating_add(1);
                    let dice = Dice::new(seed ^ u64::from(number).wrapping_mul(0xD1B5_4A32_D192_ED03));
                    let draft = Draft {
                        organization: &organization,
                        entry,
                        habits: entry.habits.within(around),
                        number,
                    };
                    made.people.push(draft.person(&mut taken, dice));
                }
            }
            made.organizations.push(organization);
        }
        made
    }

    /// The people of the scenario that is built in.
    #[cfg(test)]
    pub(crate) fn new(seed: u64) -> Self {
        Scenario::built_in(0).unwrap().population(seed)
    }

    /// The organizations, in the order of the scenario.
    #[must_use]
    pub fn organizations(&self) -> &[Arc<Organization>] {
        &self.organizations
    }

    /// Everyone, in the order of their index.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The person of an index.
    #[must_use]
    pub fn person(&self, index: usize) -> Option<&Person> {
        self.people.get(index)
    }

    fn organization(&self, form: &OrganizationForm, place: u16) -> Organization {
        let name = form.name.0.clone();
        let shown = form.display_name.clone().unwrap_or_else(|| name.clone());
        let domain = format!("{name}.example");
        let audience = format!("https://api.{domain}/");
        let (city, third) = (form.city.0, u32::from(place % 3));
        let region = Region::of_continent(city.continent);
        let neighbors = self
            .organizations
            .iter()
            .filter(|other| Region::of_continent(other.office_city.continent) == region);
        let asn = form.network.map_or(64_496 + third, |asn| asn.0);
        let office = match OFFICES.get(neighbors.count()) {
            Some(first) => Network::v4(asn, region, *first, 4),
            None => Network::v6(asn, 0x0600 + place),
        };
        let has_handhelds =
            form.people.iter().any(|entry| entry.get_ref().second_device == Some(Machine::Handheld));
        let legacy_client = has_handhelds.then(|| Client {
            id: Dice::of_name(&format!("legacy client of {name}")).alphanumeric(32),
            name: "Freight Scan (legacy)".to_owned(),
            audience: audience.clone(),
            callback: String::new(),
        });
        Organization {
            id: named_id("org", &name),
            client: Client {
                id: Dice::of_name(&format!("client of {name}")).alphanumeric(32),
                name: form.application.clone().unwrap_or_else(|| format!("{shown} Portal")),
                audience,
                callback: format!("https://app.{domain}/callback"),
            },
            legacy_client,
            display_name: shown,
            domain,
            language: form.language.as_ref().map_or("en", |language| &language.0).to_owned(),
            is_enterprise: form.risk_assessment,
            office_city: city,
            office,
            home_asns: form
                .home_networks
                .map_or([64_499 + third * 2, 64_500 + third * 2], |asns| asns.map(|asn| asn.0)),
            mobile: Network::v6(form.mobile_network.map_or(64_505 + third, |asn| asn.0), 0x0501 + place),
            name,
        }
    }
}

/// What is fixed about a person before chance adds the rest.
struct Draft<'a> {
    organization: &'a Arc<Organization>,
    entry: &'a PeopleForm,
    habits: Habits,
    /// From 1, through all organizations.
    number: u16,
}

impl Draft<'_> {
    fn person(&self, taken: &mut BTreeSet<String>, mut dice: Dice) -> Person {
        let Self { organization, entry, habits, number } = *self;
        // Why apart: what is invented for many must not change what a named person is like.
        let mut invented = Dice::new(dice.state() ^ 0x00C0_FFEE_0000_0000);
        let (name, nickname) = self.name(taken, &mut invented);
        let city = self.home(&mut invented);
        let (device, second) = self.machines(&mut invented);
        let is_enrolled = invented.happens(entry.enrolled.unwrap_or(Share::ALL));
        let home = Spot { city, network: self.home_network(&mut dice) };
        let created_at =
            FIRST_ACCOUNT.plus(i64::from(dice.below(730)) * DAY + i64::from(dice.below(86_400)) * 1_000_000);
        let reset = created_at.plus(i64::from(dice.between(1, 60)) * DAY);
        let strategy = entry.connection.unwrap_or(Strategy::Auth0);
        let roles = entry.roles.as_ref().map(|roles| roles.iter().map(|role| role.0.clone()).collect());
        let mut person = Person {
            user_id: user_id(organization, strategy, &mut dice),
            given_name: name.given,
            family_name: name.family,
            nickname,
            organization: Arc::clone(organization),
            strategy,
            roles: roles.unwrap_or_else(|| vec!["member".to_owned()]),
            factors: if is_enrolled { entry.factors.clone() } else { Vec::new() },
            device: Device::new(device, &mut dice),
            second_device: second.map(|browser| Device::new(browser, &mut dice)),
            phone_number: phone_number(organization.office_city, number),
            created_at,
            last_password_reset: (strategy == Strategy::Auth0 && dice.chance(60)).then_some(reset),
            home,
            office: Spot { city: organization.office_city, network: organization.office },
            remote_days: habits.remote_days,
            shift: habits.shift,
            sign_ins: habits.sign_ins,
            mistypes: habits.mistypes,
            trips: None,
        };
        person.trips = entry.travels_to.map(|town| Trips {
            spot: Spot { city: town.0, network: Network::v6(hotel_asn(town.0.name), hotel_site(&mut dice)) },
            first_day: first_trip(&person, &mut dice),
        });
        person
    }

    /// The name, and what stands in addresses, which nobody else of the organization has.
    fn name(&self, taken: &mut BTreeSet<String>, dice: &mut Dice) -> (FullName, String) {
        let name = self.entry.name.clone().unwrap_or_else(|| {
            let [given, others @ ..] = GIVEN;
            let given = dice.pick(given, &others).to_owned();
            let [family, others @ ..] = FAMILY;
            FullName { given, family: dice.pick(family, &others).to_owned() }
        });
        let plain = format!("{}.{}", name.given, name.family).to_lowercase();
        let mut nickname = plain.clone();
        let mut more = 2_u32;
        while !taken.insert(nickname.clone()) {
            nickname = format!("{plain}{more}");
            more = more.saturating_add(1);
        }
        (name, nickname)
    }

    fn home(&self, dice: &mut Dice) -> City {
        match &self.entry.home {
            Some(Home { first, others }) => dice.pick(*first, others),
            None => self.organization.office_city,
        }
    }

    fn machines(&self, dice: &mut Dice) -> (Browser, Option<Browser>) {
        let usual = [Machine::ChromeWindows, Machine::EdgeWindows, Machine::ChromeMac, Machine::SafariMac];
        let drawn = dice.pick(Machine::ChromeWindows, &usual);
        let telephone = dice.pick(Machine::SafariPhone, &[Machine::ChromeAndroid]);
        let has_telephone = dice.chance(40) && self.entry.name.is_none();
        let second = self.entry.second_device.or_else(|| has_telephone.then_some(telephone));
        (self.entry.device.unwrap_or(drawn).into(), second.map(Browser::from))
    }

    fn home_network(&self, dice: &mut Dice) -> Network {
        let Self { organization, entry, number, .. } = *self;
        let [one, two] = organization.home_asns;
        let drawn = dice.pick(one, &[two]);
        let asn = entry.network.map_or(drawn, |asn| asn.0);
        let region = Region::of_continent(organization.office_city.continent);
        let first = u8::try_from(20 + number.min(IPV4_HOMES) * 2).unwrap_or(u8::MAX);
        if dice.chance(50) && number <= IPV4_HOMES {
            // Two neighboring addresses a household.
            Network::v4(asn, region, first, 2)
        } else {
            Network::v6(asn, 0x1000_u16.saturating_add(number))
        }
    }
}

/// A first trip whose two days are both working days.
fn first_trip(person: &Person, dice: &mut Dice) -> i64 {
    let start = FIRST_ACCOUNT.days() + i64::from(dice.below(28));
    let fits = |day: &i64| habits::is_working_day(person, *day) && habits::is_working_day(person, *day + 1);
    (start..start + 7).find(fits).unwrap_or(start)
}

/// The network that serves guests in a city that people travel to.
fn hotel_asn(city: &str) -> u32 {
    match city {
        "New York" => 64508,
        "Denver" => 64509,
        "Berlin" => 64510,
        "Madrid" => 64511,
        "Bangkok" => 65536,
        _ => 65537,
    }
}

fn user_id(organization: &Organization, strategy: Strategy, dice: &mut Dice) -> String {
    match strategy {
        Strategy::Auth0 => format!("auth0|{}", dice.hex(24)),
        Strategy::Waad => format!("waad|{}", dice.alphanumeric(43)),
        Strategy::Samlp => format!("samlp|{}-partners|{}", organization.name, dice.hex(16)),
    }
}

/// A number from a range that is kept for fiction: 555-01xx in North America (NANPA), 06 39 98 in France (ARCEP
/// decision 2018-0881); none where the country keeps none, or not enough.
fn phone_number(city: City, number: u16) -> Option<String> {
    match city.country.0 {
        "US" if number < 100 => Some(format!("+131255501{number:02}")),
        "FR" => Some(format!("+3363998{:04}", number.saturating_add(100))),
        _ => None,
    }
}

fn hotel_site(dice: &mut Dice) -> u16 {
    0x2000 + u16::try_from(dice.below(64)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
