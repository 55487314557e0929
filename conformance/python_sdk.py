"""The official Python SDK against the sandbox tenant."""

import os
import unittest
import uuid

import httpx
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

DOMAIN = os.environ["SANDBOX_DOMAIN"]


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Sandbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A token by the form of a request that this SDK does not send by itself: JSON.
        with httpx.Client(verify=os.environ["SANDBOX_CA"]) as client:
            answer = client.post(
                f"https://{DOMAIN}/oauth/token",
                json={
                    "grant_type": "client_credentials",
                    "client_id": os.environ["SANDBOX_CLIENT_ID"],
                    "client_secret": os.environ["SANDBOX_CLIENT_SECRET"],
                    "audience": f"https://{DOMAIN}/api/v2/",
                },
            )
        answer.raise_for_status()
        cls.http = httpx.Client(verify=os.environ["SANDBOX_CA"])
        cls.auth0 = ManagementClient(
            domain=DOMAIN, token=answer.json()["access_token"], httpx_client=cls.http
        )

    @classmethod
    def tearDownClass(cls):
        cls.http.close()

    def refused(self, status, call, *arguments, **named):
        with self.assertRaises(ApiError) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status_code, status)

    def make_user(self):
        return self.auth0.users.create(
            connection="Username-Password-Authentication",
            email=f"{name('user')}@example.com",
            password="A long-enough 1 password!",
        )

    def test_users(self):
        user = self.make_user()
        changed = self.auth0.users.update(user.user_id, app_metadata={"plan": "gold"})
        self.assertEqual(changed.app_metadata, {"plan": "gold"})
        self.assertEqual(self.auth0.users.get(user.user_id).email, user.email)
        self.auth0.users.delete(user.user_id)
        self.refused(404, self.auth0.users.get, user.user_id)

    def test_roles_and_pages(self):
        made = {self.auth0.roles.create(name=name("role")).id for _ in range(12)}
        listed = [role.id for role in self.auth0.roles.list(per_page=5)]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertLessEqual(made, set(listed))
        for role in made:
            self.auth0.roles.delete(role)
        self.refused(404, self.auth0.roles.get, made.pop())

    def test_organizations_and_members(self):
        organization = self.auth0.organizations.create(name=name("org"), display_name="A test")
        users = [self.make_user().user_id for _ in range(3)]
        self.auth0.organizations.members.create(organization.id, members=users)
        listed = [member.user_id for member in self.auth0.organizations.members.list(organization.id, take=2)]
        self.assertEqual(sorted(listed), sorted(users))
        self.auth0.organizations.members.delete(organization.id, members=users[:1])
        self.refused(409, self.auth0.organizations.create, name=organization.name)
        self.auth0.organizations.delete(organization.id)
        self.refused(404, self.auth0.organizations.get, organization.id)

    def test_connections_clients_and_grants(self):
        api = self.auth0.resource_servers.create(
            identifier=f"https://{name('api')}.example.com", name=name("api"), scopes=[{"value": "read:x"}]
        )
        client = self.auth0.clients.create(name=name("app"), app_type="non_interactive")
        grant = self.auth0.client_grants.create(
            client_id=client.client_id, audience=api.identifier, scope=["read:x"]
        )
        self.assertEqual([one.id for one in self.auth0.client_grants.list(client_id=client.client_id)], [grant.id])
        connection = self.auth0.connections.create(name=name("db"), strategy="auth0")
        self.assertEqual(self.auth0.connections.get(connection.id).name, connection.name)
        self.auth0.connections.delete(connection.id)
        self.auth0.client_grants.delete(grant.id)
        self.auth0.clients.delete(client.client_id)
        self.auth0.resource_servers.delete(api.id)
        self.refused(404, self.auth0.clients.get, client.client_id)

    def test_actions_and_log_streams(self):
        action = self.auth0.actions.create(
            name=name("action"),
            supported_triggers=[{"id": "post-login", "version": "v3"}],
            code="exports.onExecutePostLogin = async () => {};",
        )
        self.assertEqual(self.auth0.actions.get(action.id).name, action.name)
        self.auth0.actions.delete(action.id)
        self.refused(404, self.auth0.actions.get, action.id)
        self.assertIsInstance(self.auth0.log_streams.list(), list)
        self.assertTrue(list(self.auth0.logs.list(per_page=2))[:1])


if __name__ == "__main__":
    unittest.main()
