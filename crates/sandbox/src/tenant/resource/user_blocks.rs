//! Blocks that attack protection set, and how they are lifted.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{documents, users};
use crate::tenant::{
    Context, Fault, Operation, Reply,
    limit::Group,
    operations::{delete, get},
};

const READ: &[&str] = &["read:users"];
const UPDATE: &[&str] = &["update:users"];

pub(crate) const OPERATIONS: &[Operation] = &[
    get("/user-blocks", "Get blocks by identifier", READ, list).group(Group::UsersRead),
    delete("/user-blocks", "Unblock by identifier", UPDATE, remove).group(Group::UsersWrite),
    get("/user-blocks/{id}", "Get a user's blocks", READ, list_of_user).group(Group::UsersRead),
    delete("/user-blocks/{id}", "Unblock a user", UPDATE, remove_of_user).group(Group::UsersWrite),
    get("/anomaly/blocks/ips/{id}", "Check if an IP address is blocked", &["read:anomaly_blocks"], read_ip),
    delete(
        "/anomaly/blocks/ips/{id}",
        "Remove the blocked IP address",
        &["delete:anomaly_blocks"],
        remove_ip,
    ),
];

fn identifier(context: &Context<'_>) -> Result<String, Fault> {
    let identifier = context.call.query("identifier").filter(|text| !text.is_empty());
    let missing = || Fault::query("'Missing required property: identifier'");
    identifier.map(str::to_owned).ok_or_else(missing)
}

/// What a user signs in with.
fn identifiers(context: &Context<'_>) -> Result<Vec<String>, Fault> {
    let user = users::found(context)?;
    let names = ["email", "username", "phone_number"].map(|name| user.text(name).to_owned());
    Ok(names.into_iter().filter(|name| !name.is_empty()).collect())
}

fn blocks(context: &Context<'_>, identifiers: &[String]) -> Reply {
    let considers = context.call.query("consider_brute_force_enablement") == Some("true");
    if considers && !documents::blocks_brute_force(context.state) {
        return Reply::ok(json!({"blocked_for": []}));
    }
    let blocks = identifiers.iter().flat_map(|identifier| context.state.blocks_of(identifier, context.now));
    let shown: Vec<Value> = blocks.map(|block| block.shown.clone().into()).collect();
    Reply::ok(json!({"blocked_for": shown}))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(blocks(context, &[identifier(context)?]))
}

fn list_of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(blocks(context, &identifiers(context)?))
}

fn remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let identifier = identifier(context)?;
    context.state.unblock(&identifier);
    Ok(Reply::no_content())
}

fn remove_of_user(context: &mut Context<'_>) -> Result<Reply, Fault> {
    for identifier in identifiers(context)? {
        context.state.unblock(&identifier);
    }
    Ok(Reply::no_content())
}

fn ip(context: &Context<'_>) -> Result<String, Fault> {
    let text = context.parameter("id");
    let address: IpAddr = text.parse().map_err(|_| {
        Fault::uri(format!("Path validation error: 'Object didn't pass validation for format ip: {text}'."))
    })?;
    Ok(address.to_string())
}

fn read_ip(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let ip = ip(context)?;
    // Why: the refusal has no words of its own in the recordings either.
    if context.state.is_ip_blocked(&ip) {
        Ok(Reply::ok(json!({})))
    } else {
        Err(Fault::not_found("Not Found"))
    }
}

fn remove_ip(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let ip = ip(context)?;
    context.state.unblock_ip(&ip);
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{
        access::Block,
        testing::{Api, DATABASE},
    };

    fn blocked(api: &mut Api) -> String {
        let user = api.post("/users", json!({"connection": DATABASE, "email": "pat@example.com"}), 201);
        let now = api.now;
        let block = Block { identifier: "pat@example.com", ip: "192.0.2.1", connection: DATABASE };
        api.tenant.state_mut().block(&block, now);
        user["user_id"].as_str().unwrap().replace('|', "%7C")
    }

    #[test]
    fn blocks_are_found_and_lifted_by_identifier_and_by_user() {
        let mut api = Api::new();
        let user = blocked(&mut api);
        let wanted = json!({"blocked_for": [{"identifier": "pat@example.com", "ip": "192.0.2.1", "connection": DATABASE}]});
        let by_identifier = "/user-blocks?identifier=pat@example.com";
        assert_eq!(api.get(by_identifier, 200), wanted);
        api.delete(by_identifier, None, 204);
        assert_eq!(api.get(by_identifier, 200), json!({"blocked_for": []}));
        let now = api.now;
        let block = Block { identifier: "pat@example.com", ip: "192.0.2.1", connection: DATABASE };
        api.tenant.state_mut().block(&block, now);
        let by_user = format!("/user-blocks/{user}");
        assert_eq!(api.get(&by_user, 200), wanted);
        api.delete(&by_user, None, 204);
        assert_eq!(api.get(&by_user, 200), json!({"blocked_for": []}));
        api.get("/user-blocks", 400);
        api.get("/user-blocks/none", 404);
    }

    #[test]
    fn lifting_an_administrators_block_does_not_lift_these() {
        let mut api = Api::new();
        let user = blocked(&mut api);
        api.patch(&format!("/users/{user}"), json!({"blocked": false}), 200);
        let found = api.get(&format!("/user-blocks/{user}"), 200);
        assert_eq!(found["blocked_for"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn blocks_count_for_nothing_where_the_protection_is_off() {
        let mut api = Api::new();
        let user = blocked(&mut api);
        let path = format!("/user-blocks/{user}?consider_brute_force_enablement=true");
        assert_eq!(api.get(&path, 200)["blocked_for"].as_array().unwrap().len(), 1);
        api.patch("/attack-protection/brute-force-protection", json!({"enabled": false}), 200);
        assert_eq!(api.get(&path, 200)["blocked_for"], json!([]));
    }

    #[test]
    fn an_address_is_looked_up_and_unblocked() {
        let mut api = Api::new();
        api.get("/anomaly/blocks/ips/192.0.2.1", 404);
        api.tenant.state_mut().block_ip("192.0.2.1");
        api.get("/anomaly/blocks/ips/192.0.2.1", 200);
        api.delete("/anomaly/blocks/ips/192.0.2.1", None, 204);
        api.get("/anomaly/blocks/ips/192.0.2.1", 404);
        assert_eq!(api.get("/anomaly/blocks/ips/nonsense", 400)["errorCode"], "invalid_uri");
    }
}
