//! Who works at the demo's console: two people of its own tenant, since whoever proposes a plan can't approve it.

use anyhow::Context;
use countersign_app::{
    App,
    access::{Caller, NewGrant},
};
use countersign_core::Clock;
use countersign_rights::{Action, Grant, How, Place, Role};
use countersign_sandbox::{TENANT, tenant::http::Ready};
use serde_json::json;

use super::{reader::text, stand::Stand};
use crate::{
    clock::SystemEntropy,
    config::Oidc,
    data_dir::{DataDir, hex, random},
};

/// Where they are at the tenant.
const CONNECTION: &str = "countersign-console";

/// Their names, their addresses, and what the login page says of them.
const PEOPLE: [(&str, &str, &str); 2] = [
    (
        "Paula Brandt",
        "paula@console.example",
        "Looks into incidents, and proposes what is to be done about them.",
    ),
    (
        "Alex Moreau",
        "alex@console.example",
        "A colleague: what Paula or a playbook proposes, Alex can approve.",
    ),
];

/// What each may do: all that the tour takes, whoever begins it. That nobody approves their own proposal is not a matter of roles.
const ROLES: [Role; 3] = [Role::Analyst, Role::Operator, Role::Approver];

/// One of them, by the tenant's id.
pub struct Colleague {
    name: &'static str,
    subject: String,
}

impl Stand {
    /// Makes the console's application at the tenant, which comes back to `callback`; what the configuration says of it.
    pub fn console(&self, callback: &str, data: &DataDir, clock: &dyn Clock) -> anyhow::Result<Oidc> {
        let client = json!({"name": "the Countersign console", "app_type": "regular_web", "callbacks": [callback],
            "grant_types": ["authorization_code"], "token_endpoint_auth_method": "client_secret_basic"});
        let (client_id, secret) = self.client(client, "demo-console-secret", (data, clock))?;
        let people = json!({"name": CONNECTION, "strategy": "auth0", "enabled_clients": [&client_id]});
        self.send("/connections", people, clock)?;
        Ok(Oidc {
            issuer: format!("{}/", self.url),
            client_id,
            client_secret: Some(secret),
            scopes: vec!["profile".to_owned()],
            roles_claim: None,
            hosts: Vec::new(),
            ca: None,
        })
    }

    /// Makes the two at the tenant, with passwords that nobody has to know: the login page signs in as them by a button.
    pub fn colleagues(&self, clock: &dyn Clock) -> anyhow::Result<Vec<Colleague>> {
        let (mut colleagues, mut ready) = (Vec::new(), Vec::new());
        for (name, email, what) in PEOPLE {
            let password = format!("Aa1-{}", hex(&random(&SystemEntropy)?));
            let user = json!({"connection": CONNECTION, "email": email, "email_verified": true, "name": name,
                "password": password});
            let made = self.send("/users", user, clock)?;
            colleagues.push(Colleague { name, subject: text(&made, "user_id")? });
            let (name, what, email) = (name.to_owned(), what.to_owned(), email.to_owned());
            ready.push(Ready { name, what, email, password });
        }
        self.shell.offer(ready);
        Ok(colleagues)
    }
}

/// Lets them in, with their roles.
pub async fn let_in(app: &App, colleagues: &[Colleague]) -> anyhow::Result<()> {
    let permit = app.permit_here(&Caller::local(How::Process), Action::ChangeAccess).await?;
    let at = Place::Tenant(TENANT.parse()?);
    for Colleague { name, subject } in colleagues {
        let principal = app.add_person(&permit, None, subject, name).await?;
        for role in ROLES {
            let grant = Grant::new(role, at.clone()).context("a role that can't be granted")?;
            app.grant(&permit, &NewGrant { principal: principal.clone(), grant }).await?;
        }
    }
    Ok(())
}
