use serde_json::{Value, json};

use crate::tenant::{Method, Record, testing::Api};

#[test]
fn settings_are_merged_at_all_depths_and_null_removes() {
    let mut api = Api::new();
    let before = api.get("/tenants/settings", 200);
    assert_eq!(before["session_lifetime"], 168);
    let page = json!({"error_page": {"html": "<p>", "url": "https://a.example.com"}, "flags": {"enable_sso": false}});
    api.patch("/tenants/settings", page, 200);
    let after = api.patch("/tenants/settings", json!({"error_page": {"html": ""}, "support_url": ""}), 200);
    assert_eq!(after["error_page"]["url"], "https://a.example.com");
    assert_eq!(
        (&after["flags"]["enable_sso"], &after["flags"]["universal_login"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(api.get("/tenants/settings?fields=flags", 200), json!({"flags": after["flags"]}));
    api.patch("/tenants/settings", json!({"nonsense": 1}), 400);
    api.patch("/branding", json!({"font": {"url": "https://a.example.com/f"}}), 200);
    assert!(api.patch("/branding", json!({"font": null}), 200).get("font").is_none());
}

#[test]
fn each_of_the_small_settings_is_read_and_changed() {
    let mut api = Api::new();
    for (path, start, changed) in [
        ("/risk-assessments/settings", json!({"enabled": false}), json!({"enabled": true})),
        ("/risk-assessments/settings/new-device", json!({"remember_for": 30}), json!({"remember_for": 7})),
        ("/supplemental-signals", json!({"akamai_enabled": false}), json!({"akamai_enabled": true})),
        (
            "/prompts",
            json!({"universal_login_experience": "new", "identifier_first": true}),
            json!({"universal_login_experience": "classic", "identifier_first": true}),
        ),
    ] {
        assert_eq!(api.get(path, 200), start, "{path}");
        assert_eq!(api.patch(path, changed.clone(), 200), changed, "{path}");
        assert_eq!(api.get(path, 200), changed, "{path}");
        api.patch(path, json!({"nonsense": 1}), 400);
    }
    assert_eq!(api.get("/branding", 200)["colors"]["primary"], "#635dff");
}

fn put(api: &mut Api, path: &str, body: Value, status: u16) -> Value {
    let reply = api.send(Method::Put, path, Some(body));
    assert_eq!(reply.status, status, "{path}: {}", reply.json());
    reply.json().clone()
}

#[test]
fn a_page_template_is_set_replaced_and_removed() {
    let mut api = Api::new();
    let path = "/branding/templates/universal-login";
    assert_eq!(api.get(path, 404)["errorCode"], "inexistent_templates_universal_login");
    let template = "{%- auth0:head -%}{%- auth0:widget -%}";
    put(&mut api, path, json!(template), 201);
    put(&mut api, path, json!({"template": template}), 204);
    assert_eq!(api.get(path, 200), json!({"body": template}));
    put(&mut api, path, json!("<html>"), 400);
    api.delete(path, None, 204);
    api.get(path, 404);
}

#[test]
fn there_is_one_theme_and_it_is_the_default() {
    let mut api = Api::new();
    assert_eq!(api.get("/branding/themes/default", 404)["errorCode"], "theme_not_found");
    let theme = json!({"borders": {}, "colors": {}, "fonts": {}, "page_background": {}, "widget": {}});
    let made = api.post("/branding/themes", theme.clone(), 200);
    api.post("/branding/themes", theme.clone(), 403);
    let path = format!("/branding/themes/{}", made["themeId"].as_str().unwrap());
    assert_eq!(api.get(&path, 200), api.get("/branding/themes/default", 200));
    let mut changed = theme;
    changed["displayName"] = json!("Ours");
    assert_eq!(api.patch(&path, changed, 200)["displayName"], "Ours");
    api.delete(&path, None, 204);
    api.get(&path, 404);
}

#[test]
fn phone_providers_hide_their_credentials_and_templates_are_one_a_type() {
    let mut api = Api::new();
    let path = "/branding/phone/providers";
    let body = |configuration: Value| json!({"name": "twilio", "configuration": configuration, "credentials": {"auth_token": "open sesame"}});
    let refused = api.post(path, body(json!({"sid": "s"})), 400);
    assert_eq!(refused["message"], "Bad Operation on Notification Resource");
    let made = api.post(path, body(json!({"sid": "s", "default_from": "+15550100"})), 201);
    assert!(made.get("credentials").is_none());
    assert_eq!(api.get(path, 200), json!({"providers": [made]}));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(api.patch(&one, json!({"disabled": true}), 200)["disabled"], true);
    api.post(&format!("{one}/try"), json!({"to": "+15550100"}), 202);
    assert_eq!(api.get(&one, 200)["disabled"], true);
    api.delete(&one, None, 204);
    let path = "/branding/phone/templates";
    let made = api.post(path, json!({"type": "otp_verify", "content": {"body": {"text": "x"}}}), 201);
    api.post(path, json!({"type": "otp_verify"}), 409);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(api.get(path, 200)["templates"][0], api.get(&one, 200));
    assert_eq!(api.patch(&one, json!({"disabled": true}), 200)["disabled"], true);
    assert!(api.patch(&format!("{one}/reset"), json!({}), 200).get("content").is_none());
    api.post(&format!("{one}/try"), json!({"to": "+15550100"}), 202);
    api.delete(&one, None, 204);
    api.get(&one, 404);
}

#[test]
fn network_acls_hold_their_rules() {
    let mut api = Api::new();
    let body = |rule: Value| json!({"description": "d", "active": true, "priority": 1, "rule": rule});
    let block =
        json!({"action": {"block": true}, "scope": "tenant", "match": {"ipv4_cidrs": ["192.0.2.0/24"]}});
    let made = api.post("/network-acls", body(block), 201);
    let path = format!("/network-acls/{}", made["id"].as_str().unwrap());
    let read = api.get(&path, 200);
    assert_eq!((&read["tenant_id"], &read["deleted_at"]), (&json!("tenant"), &Value::Null));
    assert_eq!(api.get("/network-acls?include_totals=true", 200)["network_acls"], json!([made]));
    assert_eq!(api.patch(&path, json!({"active": false}), 200)["rule"], made["rule"]);
    let other = json!({"action": {"log": true}, "scope": "tenant", "not_match": {"asns": [64_496]}});
    assert_eq!(put(&mut api, &path, body(other.clone()), 200)["rule"], other);
    let strange =
        json!({"action": {"log": true}, "scope": "tenant", "match": {"auth0_managed": ["auth0.none"]}});
    let refused = api.post("/network-acls", body(strange), 400);
    assert!(refused["message"].as_str().unwrap().starts_with("Invalid curated list name(s): auth0.none."));
    let many: Vec<u64> = (0..21).collect();
    api.post("/network-acls", body(json!({"action": {}, "scope": "tenant", "match": {"asns": many}})), 400);
    assert_eq!(api.delete(&path, None, 200), json!({"code": 204, "object": ""}));
    api.get(&path, 404);
    assert_eq!(api.get("/network-acls/acl_x", 400)["errorCode"], "invalid_uri");
}

#[test]
fn self_service_profiles_have_texts_and_tickets() {
    let mut api = Api::new();
    let made = api.post("/self-service-profiles", json!({"name": "p", "description": "d"}), 201);
    assert_eq!(made["user_attributes"], json!([]));
    let path = format!("/self-service-profiles/{}", made["id"].as_str().unwrap());
    let changed = api.patch(&path, json!({"user_attributes": null, "description": null}), 200);
    assert_eq!((&changed["user_attributes"], changed.get("description")), (&json!([]), None));
    assert_eq!(api.get("/self-service-profiles", 200), json!([api.get(&path, 200)]));
    let texts = format!("{path}/custom-text/en/get-started");
    assert_eq!(api.get(&texts, 200), json!({}));
    put(&mut api, &texts, json!({"introduction": "Welcome"}), 200);
    assert_eq!(api.get(&texts, 200), json!({"introduction": "Welcome"}));
    assert!(api.post(&format!("{path}/sso-ticket"), json!({}), 201)["ticket"].is_string());
    api.post(&format!("{path}/sso-ticket/x/revoke"), json!({}), 202);
    api.delete(&path, None, 204);
    api.get(&texts, 404);
}

#[test]
fn texts_and_partials_of_prompts_are_replaced() {
    let mut api = Api::new();
    for path in ["/prompts/login/custom-text/en", "/prompts/login/partials"] {
        assert_eq!(api.get(path, 200), json!({}));
        put(&mut api, path, json!({"login": {"title": "Hello", "text": "x"}}), 200);
        put(&mut api, path, json!({"login": {"title": "Hello"}}), 200);
        assert_eq!(api.get(path, 200), json!({"login": {"title": "Hello"}}));
    }
}

#[test]
fn screens_are_rendered_as_they_were_asked_to_be() {
    let mut api = Api::new();
    let path = "/prompts/login-id/screen/login-id/rendering";
    assert_eq!(api.get(path, 200)["rendering_mode"], "standard");
    let changes = json!({"rendering_mode": "advanced", "filters": null});
    assert_eq!(api.patch(path, changes, 200), json!({"rendering_mode": "advanced"}));
    let configs = json!({"configs": [{"prompt": "login", "screen": "login", "rendering_mode": "advanced"}]});
    assert_eq!(api.patch("/prompts/rendering", configs.clone(), 200), configs);
    let found = api.get("/prompts/rendering?prompt=login&include_totals=true", 200);
    assert_eq!((&found["total"], &found["configs"][0]["screen"]), (&json!(1), &json!("login")));
}

#[test]
fn an_email_provider_hides_its_credentials_and_templates_have_names() {
    let mut api = Api::new();
    let path = "/emails/provider";
    api.get(path, 404);
    let credentials = json!({"smtp_host": "mail.example.com", "smtp_pass": "open sesame"});
    let body = json!({"name": "smtp", "credentials": credentials});
    assert!(!api.post(path, body.clone(), 201).to_string().contains("open sesame"));
    api.post(path, body, 409);
    let changed = api.patch(path, json!({"enabled": false}), 200);
    assert_eq!(
        (&changed["enabled"], &changed["credentials"]),
        (&json!(false), &json!({"smtp_host": "mail.example.com"}))
    );
    api.delete(path, None, 204);
    let path = "/email-templates/verify_email";
    assert_eq!(api.get(path, 404)["errorCode"], "inexistent_email_template");
    let template = json!({"template": "verify_email", "body": "b", "from": "f", "subject": "s", "syntax": "liquid", "enabled": true});
    api.post("/email-templates", template.clone(), 200);
    api.post("/email-templates", template.clone(), 409);
    assert_eq!(api.patch(path, json!({"enabled": false}), 200)["subject"], "s");
    assert_eq!(put(&mut api, path, template.clone(), 200), template);
    assert_eq!(api.get(path, 200), template);
}

#[test]
fn custom_domains_wait_for_their_verification() {
    let mut api = Api::new();
    assert_eq!(api.get("/custom-domains/default", 200), json!({"domain": "tenant.example.com"}));
    let body = json!({"domain": "login.example.com", "type": "auth0_managed_certs"});
    let made = api.post("/custom-domains", body.clone(), 201);
    assert_eq!(made["status"], "pending_verification");
    api.post("/custom-domains", body, 409);
    let path = format!("/custom-domains/{}", made["custom_domain_id"].as_str().unwrap());
    assert_eq!(api.patch(&path, json!({"domain_metadata": {"a": "b"}}), 200)["domain_metadata"]["a"], "b");
    assert_eq!(api.post(&format!("{path}/verify"), json!({}), 200)["status"], "pending_verification");
    assert_eq!(api.post(&format!("{path}/test"), json!({}), 200)["success"], false);
    let default = api.patch("/custom-domains/default", json!({"domain": "login.example.com"}), 200);
    assert_eq!(default["is_default"], true);
    api.patch("/custom-domains/default", json!({"domain": "other.example.com"}), 404);
    assert_eq!(api.get("/custom-domains", 200), json!([api.get(&path, 200)]));
    api.delete(&path, None, 204);
    assert_eq!(api.get(&path, 404)["errorCode"], "inexistent_custom_domain");
}

#[test]
fn figures_are_counted_in_users_and_log() {
    let mut api = Api::new();
    let now = api.now;
    for kind in ["s", "s", "ss", "pwd_leak", "f"] {
        api.tenant.state_mut().log(Record::new(kind, ""), "tenant", now);
    }
    let days = api.get("/stats/daily?from=20260801&to=20260901", 200);
    assert_eq!(days.as_array().unwrap().len(), 1);
    let day = &days[0];
    assert_eq!(
        (&day["logins"], &day["signups"], &day["leaked_passwords"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(api.get("/stats/daily?to=20200101", 200), json!([]));
    api.get("/stats/daily?from=yesterday", 400);
    assert_eq!(api.get("/stats/active-users", 200), json!(0));
}
