//! Decisions are listed, explained, made again and exported; what is said about people only on demand, and on record.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use crate::world::{Service, TENANT, complained, leaves, run, sign_in, told};

const USER: &str = "auth0|markeduser9913";

fn decisions(home: &Path, arguments: &[&str]) -> std::process::Output {
    run(home, &[&["decisions"], arguments, &["--data", "data", "--tenant", TENANT]].concat())
}

fn json_lines(output: &std::process::Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", complained(output));
    told(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn decisions_are_listed_and_exported_here_and_by_a_server() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let ids: Vec<String> = (0..60).map(|n| client.decide(&format!("m{n}"), &sign_in(USER))).collect();
    let url = format!("http://{}", service.host);
    for place in [&[][..], &["--url", &url]] {
        let listed = json_lines(&decisions(home, &[&["list", "--json", "--limit", "55"], place].concat()));
        let newest: Vec<&str> = listed.iter().map(|line| line["decision_id"].as_str().unwrap()).collect();
        assert_eq!(newest, ids.iter().rev().take(55).collect::<Vec<_>>());
        let none = ["list", "--trigger", "credentials-exchange"];
        assert_eq!(told(&decisions(home, &[&none[..], place].concat())), "");
        let none = ["list", "--since", "2100-01-01T00:00:00Z"];
        assert_eq!(told(&decisions(home, &[&none[..], place].concat())), "");
        let exported = decisions(home, &[&["export"], place].concat());
        assert_eq!(json_lines(&exported).len(), 60);
        assert!(!told(&exported).contains("sub_") && !told(&exported).contains(USER));
        let named = decisions(home, &[&["export", "--aliases"], place].concat());
        let aliases: BTreeSet<String> =
            json_lines(&named).iter().map(|line| line["alias"].as_str().unwrap().to_owned()).collect();
        assert!(
            aliases.len() == 1 && aliases.iter().all(|alias| alias.starts_with("als_30d")),
            "{aliases:?}"
        );
        assert!(!told(&named).contains("sub_") && !told(&named).contains(USER));
        let shown = decisions(home, &[&["show", &ids[3]], place].concat());
        assert!(
            told(&shown).contains("at the start") && told(&shown).contains("verdict: "),
            "{}",
            told(&shown)
        );
        assert!(!told(&shown).contains(USER));
    }
    let replayed = decisions(home, &["show", &ids[3], "--replay"]);
    assert!(told(&replayed).ends_with("the same record, byte for byte.\n"), "{}", complained(&replayed));

    let opened = json_lines(&decisions(
        home,
        &["export", "--open", "--reason", "a test", "--before", "4", "--url", &url],
    ));
    assert_eq!(opened.len(), 2);
    assert_eq!(opened[0]["record"]["event"]["user"]["user_id"], USER);
    let reveal = |more: &[&str]| {
        let one = [
            "reveal",
            "decision",
            &*ids[3],
            "--fields",
            "user.user_id",
            "--data",
            "data",
            "--tenant",
            TENANT,
        ];
        run(home, &[&one[..], more].concat())
    };
    let by_server = reveal(&["--reason", "case 4711", "--by", "mia", "--url", &url]);
    assert!(told(&by_server).contains(USER), "{}", complained(&by_server));
    assert_eq!(reveal(&["--url", &url]).status.code(), Some(2), "a reason is said");
    assert_eq!(reveal(&["--reason", "x", "--url", &url]).status.code(), Some(1));
    drop(client);
    service.stop();
    assert!(told(&reveal(&["--reason", "case 4711"])).contains(USER), "and on the data itself");
    let reveals = |data: &Path| leaves(data).iter().filter(|leaf| leaf["kind"] == "reveal").count();
    assert_eq!(reveals(&home.join("data")), 4, "each that was shown is on record");
    let opened = json_lines(&decisions(home, &["export", "--open", "--reason", "a test", "--before", "3"]));
    assert_eq!(opened[0]["record"]["event"]["user"]["user_id"], USER);
    assert_eq!(reveals(&home.join("data")), 5);
    assert!(run(home, &["verify", "--data", "data"]).status.success());
}

#[test]
fn an_export_has_null_where_a_record_was_kept_long_enough() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let mut client = service.client();
    let [first, second] = ["m1", "m2"].map(|id| client.decide(id, &sign_in(USER)));
    drop(client);
    service.stop();
    // As retention leaves it, which deletes nothing that is younger than two days.
    let connection = rusqlite::Connection::open(home.join("data/countersign.db")).unwrap();
    let dropped =
        connection.execute("UPDATE records SET bodies = NULL WHERE record_id = ?1", [&first]).unwrap();
    assert_eq!(dropped, 1);
    drop(connection);
    let service = Service::start(home);
    let url = format!("http://{}", service.host);
    let export = ["export", "--open", "--reason", "a test"];
    let by_server = json_lines(&decisions(home, &[&export[..], &["--url", &url]].concat()));
    service.stop();
    for exported in [by_server, json_lines(&decisions(home, &export))] {
        let ids: Vec<&str> = exported.iter().map(|line| line["decision_id"].as_str().unwrap()).collect();
        assert_eq!(ids, [&second, &first]);
        assert_eq!(exported[0]["record"]["event"]["user"]["user_id"], USER);
        assert!(exported[1]["record"].is_null());
    }
}

#[test]
fn a_token_of_the_short_form_is_made_listed_and_ended() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = Service::start(home);
    let url = format!("http://{}", service.host);
    let token = |arguments: &[&str], place: &[&str]| {
        run(home, &[&["risk-token"], arguments, &["--data", "data", "--tenant", TENANT], place].concat())
    };
    let made = token(&["create"], &["--url", &url]);
    let text = told(&made).lines().next().unwrap().to_owned();
    assert!(text.starts_with("rsk_"), "{}", complained(&made));
    let listed = token(&["list"], &[]);
    assert!(!told(&listed).contains(&text) && told(&listed).ends_with("holds\n"), "{}", complained(&listed));
    let id = told(&listed).split(' ').next().unwrap().to_owned();
    service.stop();
    assert!(token(&["revoke", &id], &[]).status.success());
    assert_eq!(token(&["revoke", &id], &[]).status.code(), Some(1));
    assert!(told(&token(&["list"], &[])).contains("ended"));
}
