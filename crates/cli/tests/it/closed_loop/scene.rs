//! A tenant that is guarded: the service beside it, an application that people sign in at, and those people.

use std::cell::RefCell;

use countersign_sandbox::{
    simulate::{Kind, Outcome},
    tenant::Method,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{install::install, people::Browsers};
use crate::{
    tenant_sandbox::{SECRET, Sandbox},
    world::{Client, Service, TENANT, countersign},
};

/// The connection of the tenant's own users.
pub const DATABASE: &str = "Username-Password-Authentication";

/// Everybody's.
pub const PASSWORD: &str = "a good-Password 1";

/// Where everybody lives, and where attackers come from.
pub const DUBLIN: (&str, f64, f64) = ("IE", 53.35, -6.26);
pub const LIMA: (&str, f64, f64) = ("PE", -12.05, -77.04);

/// All of it; gone with this value, the service first.
pub struct Scene {
    pub service: Service,
    pub sandbox: Sandbox,
    pub browsers: Browsers,
    operator: RefCell<Client>,
    portal: String,
    pub home: TempDir,
}

/// Who comes from an address in a town, by a browser.
pub fn visit(ip: &str, (country, latitude, longitude): (&str, f64, f64)) -> Value {
    json!({
        "ip": ip, "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
        "geoip": {"countryCode": country, "latitude": latitude, "longitude": longitude}, "language": "en",
    })
}

/// A user's id as a segment of a path.
pub fn segment(user: &str) -> String {
    user.replace('|', "%7C")
}

impl Scene {
    /// Starts all of it: what is decided is enforced, and whatever is done at the tenant is up to people. `more` are further settings of
    /// the tenant.
    pub fn start(more: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start_at_work(TENANT, &home.path().join("node"));
        let client = |name: &str, grants: &[&str]| {
            let wanted = json!({"name": name, "app_type": "regular_web", "grant_types": grants,
                "token_endpoint_auth_method": "client_secret_basic"});
            sandbox.call(Method::Post, "/clients", wanted)
        };
        let console = client("Console", &["authorization_code"]);
        let portal = client("Portal", &["authorization_code", "refresh_token"]);
        let text = |client: &Value, name: &str| client[name].as_str().unwrap().to_owned();
        let mut command = countersign(home.path());
        let of_tenant = |key: &str| format!("COUNTERSIGN__TENANTS__{}__{key}", TENANT.to_uppercase());
        command
            .env(of_tenant("POLICY__TENANT__MODE"), "enforce")
            .env(of_tenant("MANAGEMENT__DOMAIN"), &sandbox.domain)
            .env(of_tenant("MANAGEMENT__PLAN"), "unlimited")
            .env(of_tenant("ACTING__CLIENT_ID"), "installer")
            .env(of_tenant("ACTING__CLIENT_SECRET"), "env:ACTING_SECRET")
            .env("ACTING_SECRET", SECRET)
            .env("COUNTERSIGN__ACCESS__OIDC__ISSUER", format!("{}/", sandbox.domain))
            .env("COUNTERSIGN__ACCESS__OIDC__CLIENT_ID", text(&console, "client_id"))
            .env("COUNTERSIGN__ACCESS__OIDC__CLIENT_SECRET", "env:CONSOLE_SECRET")
            .env("CONSOLE_SECRET", text(&console, "client_secret"));
        command.envs(more.iter().map(|(key, value)| (of_tenant(key), *value)));
        let service = Service::start_by(command, home.path());
        let back = json!({"callbacks": [format!("http://{}/sign-in/callback", service.host)]});
        sandbox.call(Method::Patch, &format!("/clients/{}", text(&console, "client_id")), back);
        install(&sandbox, &service);
        let operator = RefCell::new(service.client());
        let portal = text(&portal, "client_id");
        Self { service, sandbox, browsers: Browsers::new(), operator, portal, home }
    }

    /// Posts as the operator of the data directory.
    pub fn operate(&self, path: &str, body: &Value) -> Value {
        let mut operator = self.operator.borrow_mut();
        let request = operator.operated(path, body);
        let answer = operator.send(&request).unwrap();
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    /// Reads as that operator.
    pub fn read(&self, path: &str) -> Value {
        let answer = self.operator.borrow_mut().get(path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Asks the service for a decision, as the Action does.
    pub fn question(&self, id: &str, event: &Value) -> Value {
        let mut client = self.operator.borrow_mut();
        let question = client.question(id, event);
        let answer = client.send(&question).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// What somebody does at the application.
    pub fn play(&self, kind: Kind, order: &Value) -> Outcome {
        let mut whole = json!({"client_id": self.portal, "connection": DATABASE,
            "scope": "openid profile email offline_access"});
        whole.as_object_mut().unwrap().extend(order.as_object().cloned().unwrap());
        self.sandbox.play(kind, whole)
    }

    /// Makes a user of the application who has a phone; the id.
    pub fn user(&self, email: &str) -> String {
        let user = json!({"connection": DATABASE, "email": email, "password": PASSWORD, "email_verified": true,
            "app_metadata": {"plan": "gold"}});
        let user = self.sandbox.call(Method::Post, "/users", user)["user_id"].as_str().unwrap().to_owned();
        self.enroll(&user);
        user
    }

    /// Enrolls a user's phone.
    pub fn enroll(&self, user: &str) {
        let phone = json!({"type": "phone", "name": "phone", "phone_number": "+353870000000",
            "preferred_authentication_method": "sms"});
        self.sandbox.call(Method::Post, &format!("/users/{}/authentication-methods", segment(user)), phone);
    }

    /// What the tenant has of a user under a path.
    pub fn of_user(&self, user: &str, path: &str) -> Value {
        self.sandbox.call(Method::Get, &format!("/users/{}{path}", segment(user)), Value::Null)
    }

    /// The newest decision.
    pub fn newest_decision(&self) -> Value {
        let page = self.read(&format!("/v1/decisions?tenant={TENANT}"));
        let id = page["decisions"][0]["decision_id"].as_str().unwrap();
        self.read(&format!("/v1/decisions/{id}?tenant={TENANT}"))
    }
}
