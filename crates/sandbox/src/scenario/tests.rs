use super::*;
use crate::sign_in::Label;

const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// A file with `head` before and `tail` after an organization of line 6.
fn file(head: &str, tail: &str) -> String {
    let head = format!("{head}{}", "\n".repeat(5 - head.matches('\n').count()));
    format!(
        "{head}[[organizations]]\nname = \"tiny\"\ncity = \"Lyon\"\n[[organizations.people]]\ncount = 3\n{tail}"
    )
}

fn error(text: &str) -> ScenarioError {
    Scenario::parse(text).err().unwrap_or_else(|| panic!("taken: {text}"))
}

#[test]
fn a_plain_file_is_taken_with_what_is_usual() {
    let scenario = Scenario::parse(&file("", "")).unwrap();
    assert_eq!((scenario.days, scenario.is_live, scenario.mishaps), (30, true, Mishaps::default()));
    assert_eq!(scenario.population(1).people().len(), 3);
}

#[test]
fn each_fault_is_told_with_its_place_its_key_and_what_would_be_right() {
    let attack = |fields: &str| file("", &format!("[[attacks]]\n{fields}"));
    let people = |fields: &str| file("", &format!("[[organizations.people]]\n{fields}\n"));
    let whole = "kind = \"token_replay\"\norganization = \"tiny\"\n";
    for (text, place, key, words) in [
        (file("[history]\ndays = 91\n", ""), (2, 8), "history.days", "from 0 to 90"),
        (file("[history]\ndays = \"x\"\n", ""), (2, 8), "history.days", "whole number from 0 to 90"),
        (file("[histories]\n", ""), (1, 2), "histories", "`history`"),
        (file("[live]\nsignins = true\n", ""), (2, 1), "live.signins", "`sign_ins`"),
        (file("[stream_mishaps]\nfail = 1.5\n", ""), (2, 8), "stream_mishaps.fail", "a number from 0 to 1"),
        (file("days = \n", ""), (1, 8), "", ""),
        (people("count = 0"), (12, 9), "organizations[0].people[1].count", "from 1 to 500"),
        (
            people("count = 2\nhome = \"Atlantis\""),
            (13, 8),
            "organizations[0].people[1].home",
            "Villeurbanne",
        ),
        (
            people("count = 2\nnetwork = 15169"),
            (13, 11),
            "organizations[0].people[1].network",
            "64496 to 64511",
        ),
        (people("roles = []"), (11, 1), "organizations[0].people[1]", "or a `count`"),
        (people("name = \"A B\"\ncount = 2"), (11, 1), "organizations[0].people[1]", "not both"),
        (people("name = \"Prince\""), (12, 8), "organizations[0].people[1].name", "first and last name"),
        (
            people("count = 2\nfactors = [\"sms\"]"),
            (13, 12),
            "organizations[0].people[1].factors[0]",
            "`otp`",
        ),
        (people("count = 2\ndevice = \"handheld\""), (11, 1), "organizations[0].people[1]", "second_device"),
        (
            people("count = 2\nconnection = \"saml\"\nfactors = [\"otp\"]"),
            (11, 1),
            "organizations[0].people[1]",
            "leave `factors` out",
        ),
        (
            people("count = 2\nhabits = { hours = [17, 8] }"),
            (13, 20),
            "organizations[0].people[1].habits.hours",
            "such as [8, 17]",
        ),
        (attack("kind = \"flood\"\n"), (12, 8), "attacks[0].kind", "`credential_stuffing`"),
        (attack("kind = \"token_replay\"\n"), (11, 1), "attacks[0]", "`organization`"),
        (
            attack("kind = \"token_replay\"\norganization = \"huge\"\nstart = \"now\""),
            (13, 16),
            "attacks[0].organization",
            "one of tiny",
        ),
        (attack(&format!("{whole}start = \"noon\"")), (14, 9), "attacks[0].start", "`now+30m`"),
        (attack(&format!("{whole}start = \"now-31d\"")), (14, 9), "attacks[0].start", "has 30 days"),
        (attack(&format!("{whole}start = \"now\"\nlasts = \"5\"")), (15, 9), "attacks[0].lasts", "`90s`"),
        (
            attack(&format!("{whole}start = \"now\"\ntimes = 0")),
            (15, 9),
            "attacks[0].times",
            "from 1 to 1000",
        ),
        ("organizations = []".to_owned(), (1, 17), "organizations", "from 1 to 20"),
        (String::new(), (1, 1), "", "`organizations`"),
    ] {
        let found = error(&text);
        assert_eq!(((found.line, found.column), found.key.as_str()), (place, key), "{found}\n{text}");
        assert!(found.what.contains(words), "{found}");
    }
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let twice = format!("{}{}", file("", ""), file("", "").trim_start());
    assert!(error(&twice).what.contains("twice"));
    let crowd = "[[organizations.people]]\ncount = 500\n".repeat(4);
    assert!(error(&file("", &crowd)).what.contains("at most 2000"));
    let federated = file("", "").replace("count = 3", "count = 3\nconnection = \"saml\"");
    let stolen = "[[attacks]]\nkind = \"stolen_password\"\norganization = \"tiny\"\nstart = \"now\"\n";
    assert!(error(&format!("{federated}{stolen}")).what.contains("has a password"));
    assert!(Scenario::parse(&format!("{}{stolen}", file("", ""))).is_ok());
}

#[test]
fn an_error_reads_as_a_sentence() {
    let found = error(&file("[history]\ndays = 91\n", ""));
    let wanted =
        "line 2, column 8, `history.days`: invalid value: integer `91`, expected a whole number from 0 to 90";
    assert_eq!(found.to_string(), wanted);
}

#[test]
fn the_built_in_scenario_leaves_out_attacks_before_its_history() {
    let counts = [30, 5, 0].map(|days| Scenario::built_in(days).unwrap().attacks.len());
    assert_eq!(counts, [5, 3, 0]);
}

/// Everything of a script until an instant.
fn all(script: &mut Script, until: Timestamp) -> Vec<(Timestamp, Label)> {
    std::iter::from_fn(|| script.next(until)).map(|deed| (deed.at, deed.label)).collect()
}

#[test]
fn a_script_gives_the_same_in_one_go_and_in_steps_and_always_in_order() {
    let scenario = Scenario::built_in(10).unwrap();
    let script = || Script::new(&scenario, 3, NOW, scenario.begin(NOW));
    let whole = all(&mut script(), NOW.plus(2 * DAY));
    let (mut steps, mut stepped) = (script(), Vec::new());
    for hour in -240..=48 {
        stepped.extend(all(&mut steps, NOW.plus(hour * 3_600_000_000)));
    }
    assert_eq!(whole, stepped);
    assert!(whole.is_sorted_by_key(|(at, _)| *at));
    assert!(whole[0].0 >= scenario.begin(NOW));
    for kind in AttackKind::ALL {
        assert!(whole.iter().any(|(_, label)| *label == Label::Attack(kind)), "{kind}");
    }
}

#[test]
fn an_attack_comes_as_often_and_as_long_as_planned() {
    let attack = "[[attacks]]\nkind = \"stolen_password\"\norganization = \"tiny\"\nstart = \"begin+1d\"\nlasts = \"10h\"\ntimes = 20\n";
    let scenario = Scenario::parse(&file("", attack)).unwrap();
    let begin = scenario.begin(NOW);
    let mut script = Script::new(&scenario, 1, NOW, begin);
    let attacks: Vec<Timestamp> = all(&mut script, NOW)
        .into_iter()
        .filter_map(|(at, label)| (label != Label::Honest).then_some(at))
        .collect();
    assert_eq!(attacks.len(), 20);
    let first = begin.plus(DAY);
    assert!(attacks.iter().all(|at| *at >= first && *at < first.plus(DAY * 10 / 24)));
}

#[test]
fn people_mistype_as_often_as_they_are_said_to_and_then_get_it_right() {
    let count = |share: &str| {
        let head = file("", &format!("habits = {{ mistypes = {share} }}\n"));
        let scenario = Scenario::parse(&head).unwrap();
        let mut script = Script::new(&scenario, 1, NOW, scenario.begin(NOW));
        let deeds: Vec<Deed> = std::iter::from_fn(|| script.next(NOW)).collect();
        let is_guess = |deed: &Deed| matches!(deed.what, What::Guess(..));
        for pair in deeds.windows(2).filter(|pair| is_guess(&pair[0]) && !is_guess(&pair[1])) {
            assert!((1..=20_000_000).contains(&pair[1].at.since(pair[0].at)));
        }
        (deeds.iter().filter(|deed| is_guess(deed)).count(), deeds.len())
    };
    assert_eq!(count("0").0, 0);
    let (mistyped, all) = count("1");
    assert!(mistyped * 3 > all && all > 150, "{mistyped} of {all}");
}

#[test]
fn nobody_signs_in_after_now_where_nothing_is_live() {
    let scenario = Scenario::parse(&file("[live]\nsign_ins = false\n", "")).unwrap();
    let mut script = Script::new(&scenario, 1, NOW, scenario.begin(NOW));
    let whole = all(&mut script, NOW.plus(5 * DAY));
    assert!(whole.len() > 50 && whole.iter().all(|(at, _)| *at < NOW));
}
