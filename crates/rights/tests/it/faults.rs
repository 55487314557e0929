//! Operators' files that are refused, with the place and what is wrong.

use countersign_rights::{PolicyFault, Rights};

fn refused(text: &str) -> PolicyFault {
    Rights::with(&[("own.cedar".to_owned(), text.to_owned())]).unwrap_err()
}

/// A policy that is good but for its condition, which begins on line 3, column 8.
fn with_condition(condition: &str) -> String {
    format!(
        "@id(\"mine\")\npermit (principal is Countersign::ServiceAccount, action, resource)\nwhen {{ {condition} }};"
    )
}

#[test]
fn a_misspelt_attribute_is_refused_with_its_place() {
    let fault = refused(&with_condition("principal.scope.contains(\"a\")"));
    assert_eq!((fault.file.as_str(), fault.line), ("own.cedar", 3), "{fault}");
    assert!(fault.message.contains("scope"), "{fault}");
    let fault = refused(&with_condition("context.hou == \"oidc\""));
    assert_eq!(fault.line, 3, "{fault}");
    assert!(fault.message.contains("hou"), "{fault}");
}

#[test]
fn misspelt_names_are_refused_with_their_place() {
    let cases = [
        ("principal", "action == Countersign::Action::\"read_decision\"", "read_decision"),
        ("principal", "action in Countersign::Action::\"reads\"", "reads"),
        ("principal in Countersign::Role::\"analist\"", "action", "analist"),
        ("principal is Countersign::Persons", "action", "Persons"),
        ("principal in Role::\"analyst\"", "action", "Role"),
        ("principal in Countersign::Group::\"analyst\"", "action", "Group"),
    ];
    for (principal, action, wrong) in cases {
        let fault =
            refused(&format!("// Mine.\n@id(\"mine\")\npermit (\n{principal},\n{action},\nresource);"));
        assert!((2..=7).contains(&fault.line), "{fault}");
        assert!(fault.message.contains(wrong), "{fault}");
    }
}

#[test]
fn a_condition_of_another_type_is_refused() {
    for condition in
        ["context.how == 1", "principal.scopes == \"a\"", "principal.scopes", "context.how > \"a\""]
    {
        assert_eq!(refused(&with_condition(condition)).line, 3, "{condition}");
    }
}

#[test]
fn an_attribute_that_may_be_absent_is_asked_for_first() {
    let fault = refused(
        "@id(\"mine\")\nforbid (principal is Countersign::Application, action, resource)\nwhen { resource in principal.tenant };",
    );
    assert_eq!(fault.line, 3, "{fault}");
    assert!(fault.message.contains("tenant"), "{fault}");
}

#[test]
fn what_is_no_policy_is_refused_where_it_ends_to_be_one() {
    let fault = refused("@id(\"mine\")\npermit (principal, action);");
    assert_eq!(fault.line, 2, "{fault}");
    assert_eq!(refused("allow everything").line, 1);
    assert_eq!(refused("@id(\"a\") permit (principal, action, resource)").line, 1);
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let fault = refused(&with_condition("resource is Countersign::Person"));
    assert!(fault.message.contains("mine"), "{fault}");
    refused("@id(\"mine\") forbid (principal is Countersign::Role, action, resource);");
}

#[test]
fn each_policy_has_an_id_of_its_own() {
    let fault = refused("permit (principal in Countersign::Role::\"viewer\", action, resource);");
    assert_eq!((fault.line, fault.column), (1, 1), "{fault}");
    assert!(fault.message.contains("@id"), "{fault}");
    for id in ["", "a b", "ä", "a\\nb", &"a".repeat(65)] {
        let fault = refused(&format!("@id(\"{id}\") permit (principal, action, resource);"));
        assert!(fault.message.contains("@id"), "{id}: {fault}");
    }
    let fault = refused(
        "@id(\"mine\") permit (principal, action, resource);\n\n@id(\"mine\") permit (principal, action, resource);",
    );
    assert_eq!(fault.line, 3, "{fault}");
    assert!(fault.message.contains("own.cedar:1:1"), "{fault}");
    let fault = refused("@id(\"viewers_read\") permit (principal, action, resource);");
    assert!(fault.message.contains("viewer.cedar:2:1"), "{fault}");
}

#[test]
fn ids_do_not_repeat_between_files() {
    let text = "@id(\"mine\") permit (principal, action, resource);".to_owned();
    let files = [("a.cedar".to_owned(), text.clone()), ("b.cedar".to_owned(), text)];
    let fault = Rights::with(&files).unwrap_err();
    assert_eq!(fault.file, "b.cedar");
    assert!(fault.message.contains("a.cedar:1:1"), "{fault}");
}

#[test]
fn a_template_is_refused() {
    let fault = refused("\n@id(\"mine\") permit (principal in ?principal, action, resource);");
    assert_eq!((fault.line, fault.message.contains("slot")), (2, true), "{fault}");
}

#[test]
fn files_are_bounded_in_size_and_number_of_policies() {
    let comment = format!("// {}\n", "a".repeat(128 * 1024));
    let fault = Rights::with(&["a", "b"].map(|name| (name.to_owned(), comment.clone()))).unwrap_err();
    assert_eq!(
        (fault.file.as_str(), fault.line, fault.message.contains("262144")),
        ("b", 1, true),
        "{fault}"
    );
    let many = |count: usize| -> String {
        let policy = |i| format!("@id(\"p{i}\") forbid (principal is Countersign::Job, action, resource);\n");
        (0..count).map(policy).collect()
    };
    assert!(Rights::with(&[("many".to_owned(), many(500))]).is_ok());
    let fault = refused(&many(501));
    assert_eq!((fault.line, fault.message.contains("500")), (501, true), "{fault}");
}

#[test]
fn text_that_nests_deeply_or_goes_on_for_long_is_refused_before_it_is_parsed() {
    let conditions = [
        around("(", "true", ")", 16_384),
        around("if true then ", "true", " else true", 1_000),
        around("[", "true", "]", 1_000),
        around("{a: ", "true", "}", 1_000),
        around("!", "true", "", 16_384),
        around("if true then true else ", "true", "", 1_000),
        around("true && ", "true", "", 10_000),
        around("", "context", ".how", 10_000),
        around("", "context", "[\"how\"]", 10_000),
    ];
    for condition in &conditions {
        let fault = refused(&with_condition(condition));
        assert!(fault.message.contains("at most 16") || fault.message.contains("more than 40"), "{fault}");
        assert_eq!(fault.line, 3, "{fault}");
    }
}

#[test]
fn what_is_as_deep_as_is_let_through_is_still_checked() {
    let wrong = "context.hou == \"oidc\"";
    let conditions = [
        around("(", wrong, ")", 13),
        around("if ", wrong, " then true else true", 1),
        around("if context.how == \"a\" then true else ", wrong, "", 11),
        around("context.how == \"a\" && ", wrong, "", 11),
        around("context.how == \"a\" || ", wrong, "", 11),
        around("", "context", ".hou", 34),
        around("", "context", "[\"hou\"]", 34),
        format!("{}context.hou > 0", around("1 + ", "1", " > 0 && ", 1)),
        format!("{} > context.hou", around("1 + ", "1", "", 34)),
    ];
    for condition in &conditions {
        let fault = refused(&with_condition(condition));
        assert!(fault.message.contains("hou"), "{condition}: {fault}");
        assert_eq!(fault.line, 3, "{fault}");
    }
}

/// `within` between `times` of `open` and of `close`.
fn around(open: &str, within: &str, close: &str, times: usize) -> String {
    format!("{}{within}{}", open.repeat(times), close.repeat(times))
}

#[test]
fn another_set_of_policies_has_another_digest() {
    let file = |name: &str, id: &str| {
        (name.to_owned(), format!("@id(\"{id}\") forbid (principal is Countersign::Job, action, resource);"))
    };
    let digest = |files: &[(String, String)]| Rights::with(files).unwrap().digest();
    let (a, b) = (file("a", "a"), file("b", "b"));
    assert_eq!(Rights::shipped().unwrap().digest(), digest(&[]));
    assert_ne!(digest(&[]), digest(std::slice::from_ref(&a)));
    assert_ne!(digest(std::slice::from_ref(&a)), digest(&[file("a", "b")]));
    assert_eq!(digest(&[a.clone(), b.clone()]), digest(&[b, a]));
}
