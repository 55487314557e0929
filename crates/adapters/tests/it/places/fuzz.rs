//! Files of reference data that anybody may have written: databases of places, lists of networks and domains, tables of systems, public
//! suffixes. Read or refused with a place; asking what was read never breaks.

use std::net::IpAddr;

use countersign_adapters::{
    Faults, domains,
    places::{NetworkList, PlaceFiles, Settings},
};
use countersign_app::places::{NetworkKind, Places};
use countersign_fuzz::{Said, Target};

use super::{Files, asns, cities, clock};

const NETWORKS: &str =
    "# Ours.\n192.0.2.0/24\n2001:db8::/32 # v6\n::ffff:198.51.100.7\nAS64500\n203.0.113.9\n";
const SYSTEMS: &str = "asn,name,category\n64500,\"Example, Inc.\",hosting\nAS64501,b,isp\n";
const DOMAINS: &str = "mailinator.com\n# more\nxn--bcher-kva.example\nBüro.example\n";
const SUFFIXES: &str = "// ===BEGIN===\ncom\nco.uk\n*.ck\n!www.ck\nмосква\n";

fn places(settings: &Settings) -> Said {
    let open = match PlaceFiles::open(settings, clock()) {
        Ok(open) => open,
        Err(faults) => return told(&faults),
    };
    let addresses = [
        "198.51.100.1",
        "203.0.113.9",
        "192.0.2.1",
        "2001:db8::1",
        "::1",
        "::ffff:192.0.2.1",
        "255.255.255.255",
    ];
    let found =
        addresses.iter().filter(|address| open.locate(address.parse::<IpAddr>().unwrap()).is_some()).count();
    Ok(format!("{found} found {}", open.built().len()))
}

/// Each fault names its setting and says what is wrong.
fn told(faults: &Faults) -> Said {
    let text = faults.to_string();
    if faults.0.is_empty() || text.is_empty() { Err("refused without a word".to_owned()) } else { Ok(text) }
}

#[test]
fn reference_files() {
    let files = Files::new();
    let path = |name: &str| files.folder.path().join(name);
    let only = Settings::default;
    let list = |name| vec![NetworkList { file: path(name), kind: NetworkKind::Vpn }];
    Target::new("reference_files")
        .examples([cities().bytes(), asns().bytes()])
        .examples([NETWORKS, SYSTEMS, DOMAINS, SUFFIXES])
        .words([
            &b"\xab\xcd\xefMaxMind.com"[..],
            b"node_count",
            b"record_size",
            b"ip_version",
            b"/33",
            b"/129",
            b"AS4294967296",
            b"\xe1\x41a",
            b"\x20\x00",
            b"asn,category\n",
        ])
        .run(|input| {
            for name in ["city", "asn", "networks", "systems", "domains", "suffixes"] {
                files.write(name, input);
            }
            let reference =
                domains::Settings { disposable: Some(path("domains")), free_mail: None, suffixes: None };
            let suffixes =
                domains::Settings { suffixes: Some(path("suffixes")), ..domains::Settings::default() };
            let read = |settings| match domains::DomainFiles::open(&settings, clock()) {
                Ok(_) => Ok("read".to_owned()),
                Err(faults) => told(&faults),
            };
            let said = [
                places(&Settings { city: Some(path("city")), ..only() })?,
                places(&Settings { asn: Some(path("asn")), ..only() })?,
                places(&Settings { networks: list("networks"), ..only() })?,
                places(&Settings { systems: Some(path("systems")), ..only() })?,
                read(reference)?,
                read(suffixes)?,
            ];
            // Paths of the folder of this run are no part of what became of the input.
            Ok(said.join("; ").replace(&files.folder.path().display().to_string(), ""))
        });
}
