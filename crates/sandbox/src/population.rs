//! The tenant's people, made from a seed.

use countersign_core::Timestamp;

use crate::{
    company::Company,
    device::Device,
    dice::Dice,
    habits,
    network::{Network, Region},
    people::{Person, Spot, Strategy, Trips},
    roster::{ROSTER, Row},
};

/// The first account was made on this day, 2024-03-04, a Monday; the others within the two years after it.
const FIRST_ACCOUNT: Timestamp = Timestamp::from_seconds(1_709_510_400);
const DAY: i64 = 86_400_000_000;

/// The thirty-six people of the tenant, twelve in each organization.
#[derive(Debug, Clone)]
pub struct Population {
    people: Box<[Person; 36]>,
}

impl Population {
    /// Makes the people; the same seed makes the same people.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut number = 0_u8;
        let people = ROSTER.map(|row| {
            number += 1;
            let mut dice = Dice::new(seed ^ u64::from(number).wrapping_mul(0xD1B5_4A32_D192_ED03));
            person(&row, number, &mut dice)
        });
        Self { people: Box::new(people) }
    }

    /// Everyone, in the order of their index.
    #[must_use]
    pub const fn people(&self) -> &[Person] {
        &*self.people
    }

    /// The person of an index; the first one for an index that nobody has.
    #[must_use]
    pub fn person(&self, index: usize) -> &Person {
        let [first, ..] = &*self.people;
        self.people.get(index).unwrap_or(first)
    }
}

fn person(row: &Row, number: u8, dice: &mut Dice) -> Person {
    let organization = row.company.organization();
    let [one, two] = organization.home_asns;
    let asn = dice.pick(one, &[two]);
    let region = Region::of_continent(organization.office_city.continent);
    let home = if dice.chance(50) {
        // Two neighboring addresses a household, clear of the offices below 20 and of rented machines from 200.
        Network::v4(asn, region, 20 + number * 2, 2)
    } else {
        Network::v6(asn, 0x1000 + u16::from(number))
    };
    let created_at =
        FIRST_ACCOUNT.plus(i64::from(dice.below(730)) * DAY + i64::from(dice.below(86_400)) * 1_000_000);
    let reset = created_at.plus(i64::from(dice.between(1, 60)) * DAY);
    let mut person = Person {
        user_id: user_id(row, dice),
        given_name: row.given_name,
        family_name: row.family_name,
        company: row.company,
        strategy: row.strategy,
        role: row.role,
        factors: row.factors,
        device: Device::new(row.browser, dice),
        second_device: row.second.map(|browser| Device::new(browser, dice)),
        phone_number: phone_number(row, number),
        created_at,
        last_password_reset: (row.strategy == Strategy::Auth0 && dice.chance(60)).then_some(reset),
        home: Spot { city: row.home, network: home },
        office: Spot { city: organization.office_city, network: organization.office },
        remote_days: row.remote_days,
        shift: row.shift,
        trips: None,
    };
    person.trips = row.trips.map(|city| Trips {
        spot: Spot { city, network: Network::v6(hotel_asn(city.name), hotel_site(dice)) },
        first_day: first_trip(&person, dice),
    });
    person
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

fn user_id(row: &Row, dice: &mut Dice) -> String {
    match row.strategy {
        Strategy::Auth0 => format!("auth0|{}", dice.hex(24)),
        Strategy::Waad => format!("waad|{}", dice.alphanumeric(43)),
        Strategy::Samlp => format!("samlp|lantern-partners|{}", dice.hex(16)),
    }
}

/// A number from a range that is kept for fiction: 555-01xx in North America (NANPA), 06 39 98 in France (ARCEP
/// decision 2018-0881); Singapore keeps none.
fn phone_number(row: &Row, number: u8) -> Option<String> {
    match row.company {
        Company::Larkspur => Some(format!("+131255501{number:02}")),
        Company::Corvelle => Some(format!("+3363998{:04}", 100 + u16::from(number))),
        Company::Lantern => None,
    }
}

fn hotel_site(dice: &mut Dice) -> u16 {
    0x2000 + u16::try_from(dice.below(64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_people() {
        assert_eq!(Population::new(5).people(), Population::new(5).people());
        assert_ne!(Population::new(5).people(), Population::new(6).people());
    }

    #[test]
    fn each_organization_has_twelve_people_of_all_sorts() {
        let population = Population::new(5);
        for company in Company::ALL {
            let staff: Vec<&Person> = population.people().iter().filter(|p| p.company == company).collect();
            assert_eq!(staff.len(), 12);
            assert!(staff.iter().any(|p| p.role == crate::people::Role::Admin));
            assert!(
                staff.iter().any(|p| p.factors.is_empty()) && staff.iter().any(|p| !p.factors.is_empty())
            );
            assert_eq!(staff.iter().any(|p| p.is_federated()), company == Company::Lantern);
        }
    }

    #[test]
    fn user_ids_addresses_and_devices_are_unique() {
        let population = Population::new(5);
        let people = population.people();
        assert_eq!(people.iter().map(|p| &p.user_id).collect::<HashSet<_>>().len(), 36);
        assert_eq!(people.iter().map(Person::email).collect::<HashSet<_>>().len(), 36);
        assert_eq!(people.iter().map(|p| &p.device.ja4).collect::<HashSet<_>>().len(), 36);
        assert!(people.iter().all(|p| p.email().ends_with(".example")));
    }

    #[test]
    fn a_federated_person_has_no_factor_and_no_password_here() {
        let population = Population::new(5);
        for person in population.people().iter().filter(|p| p.is_federated()) {
            assert!(person.factors.is_empty() && person.last_password_reset.is_none());
        }
    }
}
