//! The schema and the policies that are shipped, by role and kind of principal.

/// One file: its name and its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

macro_rules! shipped {
    ($name:literal) => {
        File { name: $name, text: include_str!(concat!("../policies/", $name)) }
    };
}

/// The vocabulary that policies are checked against.
pub(crate) const SCHEMA: File<'static> = shipped!("countersign.cedarschema");

/// Every shipped file of policies.
pub(crate) const SHIPPED: [File<'static>; 10] = [
    shipped!("administrator.cedar"),
    shipped!("analyst.cedar"),
    shipped!("application.cedar"),
    shipped!("approver.cedar"),
    shipped!("auditor.cedar"),
    shipped!("job.cedar"),
    shipped!("operator.cedar"),
    shipped!("service_account.cedar"),
    shipped!("tenant_admin.cedar"),
    shipped!("viewer.cedar"),
];
