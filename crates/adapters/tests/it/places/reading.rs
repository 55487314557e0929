//! What files say together, which are refused, and when they are read again.

use countersign_app::places::{Country, NetworkKind, Place, Point};
use serde_json::json;

use countersign_app::places::Places;

use super::{Files, asns, at, cities, city, mmdb::Mmdb};

fn berlin() -> Place {
    Place {
        country: Country::new("DE"),
        point: Point::from_degrees(52.5, 13.4),
        accuracy_km: 20,
        asn: None,
        network: NetworkKind::Unknown,
    }
}

#[test]
fn files_say_together_where_an_address_is() {
    let anonymizers = Mmdb::new("Test-Anonymous-IP")
        .with("198.51.100.0/28", &json!({ "is_anonymous": true, "is_hosting_provider": true }))
        .with("198.51.100.1/32", &json!({ "is_anonymous": true, "is_tor_exit_node": true }));
    let files = Files::new()
        .city(&cities())
        .asn(&asns())
        .anonymizers(&anonymizers)
        .list("offices", NetworkKind::Corporate, "198.51.100.128/25\n")
        .list("carriers", NetworkKind::Mobile, "198.51.100.200\nAS64501\n")
        .open();
    let with = |network| Some(Place { asn: Some(64_500), network, ..berlin() });
    assert_eq!(at(&files, "198.51.100.1"), with(NetworkKind::Anonymizer));
    assert_eq!(at(&files, "198.51.100.2"), with(NetworkKind::Hosting));
    assert_eq!(at(&files, "198.51.100.16"), with(NetworkKind::Unknown));
    assert_eq!(at(&files, "198.51.100.129"), with(NetworkKind::Corporate));
    assert_eq!(at(&files, "::ffff:198.51.100.200"), with(NetworkKind::Mobile));
    assert_eq!(at(&files, "203.0.113.1").unwrap().network, NetworkKind::Mobile);
    let elsewhere = Place { asn: Some(64_500), ..Place::default() };
    assert_eq!(at(&files, "198.51.101.1"), Some(elsewhere));
    assert_eq!([at(&files, "192.0.2.1"), at(&files, "2001:db8::1")], [None; 2]);
    assert_eq!(files.built().len(), 3);
}

#[test]
fn a_record_says_its_system_and_kind_beside_its_city() {
    let mut record = city("DE", 52.5, 13.4, 20);
    record["traits"] = json!({ "autonomous_system_number": 64_502, "user_type": "cellular" });
    let database = Mmdb::new("Test-Enterprise").with("2001:db8::/32", &record);
    let files = Files::new().city(&database).open();
    let expected = Place { asn: Some(64_502), network: NetworkKind::Mobile, ..berlin() };
    assert_eq!(at(&files, "2001:db8::1"), Some(expected));
    assert_eq!(at(&files, "198.51.100.1"), None);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let mut files = Files::new()
        .city(&asns())
        .list("offices", NetworkKind::Corporate, "# ours\n198.51.100.0/24\nAS64500\n10.0.0.0/33\noffice")
        .list("carriers", NetworkKind::Mobile, "");
    files.settings.asn = Some(files.write("asn", "no database"));
    files.settings.anonymizers = Some(files.folder.path().join("nowhere"));
    files.write("carriers", b"\xff\xfe");
    let line = |number: u8| {
        format!(
            "`places.networks`, `offices`: line {number}: neither a network, such as `198.51.100.0/24`, nor a system, such as `AS64500`"
        )
    };
    let faults = files.faults();
    let expected = [
        "`places.city`, `city`: none of its first networks has a country or coordinates; by its own account it is `Test-ASN`",
        "`places.asn`, `asn`: it is no database in the MaxMind DB format, or not a whole one: ",
        "`places.anonymizers`, `nowhere`: it can't be read: ",
        &line(4),
        &line(5),
        "`places.networks`, `carriers`: it is not text in UTF-8",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn what_was_replaced_is_taken_and_what_is_broken_then_leaves_the_one_before() {
    let files = Files::new().city(&cities()).list("offices", NetworkKind::Corporate, "198.51.100.0/24\n");
    let open = files.open();
    assert!(!open.look_again().unwrap(), "nothing was replaced");
    let moved = Mmdb::new("Test-City").with("198.51.100.0/24", &city("FR", 48.9, 2.4, 20));
    files.write("city", moved.bytes());
    assert!(open.look_again().unwrap());
    let found = at(&open, "198.51.100.1").unwrap();
    assert_eq!((found.country, found.network), (Country::new("FR"), NetworkKind::Corporate));

    let whole = moved.bytes();
    files.write("city", &whole[..whole.len() / 2]);
    files.write("offices", "198.51.100.0/25\n");
    let faults = open.look_again().unwrap_err();
    assert_eq!(faults.0.len(), 1, "{faults}");
    assert!(!open.look_again().unwrap(), "it is told once");
    assert_eq!(at(&open, "198.51.100.1").unwrap().country, Country::new("FR"));
    assert_eq!(at(&open, "198.51.100.200").unwrap().network, NetworkKind::Unknown, "the list is in force");

    std::fs::remove_file(files.folder.path().join("city")).unwrap();
    assert!(open.look_again().is_err());
    assert_eq!(at(&open, "198.51.100.1").unwrap().country, Country::new("FR"));
    files.write("city", cities().bytes());
    assert!(open.look_again().unwrap());
    assert_eq!(at(&open, "198.51.100.1").unwrap().country, Country::new("DE"));
}

#[test]
fn a_system_s_kind_is_found_by_its_number_and_by_an_address_in_it() {
    let files = Files::new()
        .asn(&asns())
        .list("offices", NetworkKind::Gateway, "203.0.113.64/26\n2001:db8:7::/48\n")
        .table("asn,name,category\n64500,\"Cloud, Inc.\",hosting\n64501,VPN 1,vpn\n64502,Home,isp\n64503,?,unknown\n")
        .open();
    let by_number = |number| files.kind_of(number);
    assert_eq!(by_number(64_500), Some(NetworkKind::Hosting));
    assert_eq!(by_number(64_502), Some(NetworkKind::Residential));
    assert_eq!([by_number(64_503), by_number(1)], [None; 2]);
    let network = |address| at(&files, address).map(|place| place.network);
    assert_eq!(network("198.51.100.7"), Some(NetworkKind::Hosting));
    assert_eq!(network("203.0.113.1"), Some(NetworkKind::Vpn));
    assert_eq!(
        network("203.0.113.65"),
        Some(NetworkKind::Gateway),
        "the operator's network wins over its system"
    );
    assert_eq!(network("::ffff:203.0.113.65"), Some(NetworkKind::Gateway));
    assert_eq!(network("2001:db8:7::1"), Some(NetworkKind::Gateway));
    assert_eq!(network("2001:db8:8::1"), None);
}

#[test]
fn a_list_that_stays_broken_keeps_no_other_from_being_replaced() {
    let files = Files::new().list("offices", NetworkKind::Corporate, "198.51.100.0/24\n").list(
        "clouds",
        NetworkKind::Hosting,
        "203.0.113.0/24\n",
    );
    let open = files.open();
    let versions = |open: &countersign_adapters::places::PlaceFiles| {
        open.sets().into_iter().map(|set| (set.key, set.version, set.failures)).collect::<Vec<_>>()
    };
    let before = versions(&open);
    assert_eq!(before[1].0, "places.networks[1]");
    files.write("clouds", "<html>too many requests</html>\n");
    assert!(open.look_again().is_err());
    files.write("offices", "192.0.2.0/24\n");
    assert!(open.look_again().unwrap());
    assert_eq!(at(&open, "192.0.2.1").unwrap().network, NetworkKind::Corporate);
    assert_eq!(at(&open, "203.0.113.1").unwrap().network, NetworkKind::Hosting);
    let after = versions(&open);
    assert_ne!(after[0].1, before[0].1);
    assert_eq!(after[1], ("places.networks[1]".to_owned(), before[1].1.clone(), 1));
}

#[test]
fn the_line_that_names_what_is_in_force_has_one_version_for_all_lists() {
    let files = Files::new()
        .city(&cities())
        .list("a", NetworkKind::Corporate, "198.51.100.0/24\n")
        .list("b", NetworkKind::Hosting, "203.0.113.0/24\n")
        .table("asn,category\n64500,vpn\n");
    let open = files.open();
    let line = open.version().unwrap();
    let keys: Vec<&str> = line.split(' ').map(|part| part.split_once(':').unwrap().0).collect();
    assert_eq!(keys, ["places.city", "places.networks", "places.systems"]);
    files.write("b", "203.0.113.0/25\n");
    assert!(open.look_again().unwrap());
    let parts = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (parts(&line), parts(&open.version().unwrap()));
    assert_eq!([&before[0], &before[2]], [&after[0], &after[2]]);
    assert_ne!(before[1], after[1]);
    assert_eq!(open.sets().len(), 4);
}
