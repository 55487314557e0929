//! Reading plans: people by alias and what others wrote left out, until somebody opens it with a reason.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_detect::{Entity, EntityKind};
use countersign_plan::{
    change::{Because, ChangePlan, Evidence, Named, Note, Person, Sends, sentences_by},
    review::{Act, Status},
};
use countersign_store::{PlanFilter, PlanRow};

use super::{
    KindCount, PlanHead, PlanListed, PlanShown, ReviewShown, StepShown, UndoShown, kept::KeptPlan,
    steps::Course, told::word,
};
use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    reveal::{Aliased, Asked, MASKED_TEXT, Names, Part},
};

/// What stands for what tells of a person and is no account: an address of mail, a value of metadata.
const MASKED_PERSONAL: &str = "[personal]";

/// So many users of a plan are told one by one.
const USERS: usize = 100;

/// The longest text that is taken for an id.
const ID_BYTES: usize = 128;

impl App {
    /// Plans, the newest first; they name nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plans(
        &self,
        tenant: &Tenant,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<PlanListed>, Error> {
        let listed = self.listed_plans(tenant, filter, limit).await?;
        Ok(listed.into_iter().map(|(listed, _)| listed).collect())
    }

    /// The same, each with whose own it is.
    async fn listed_plans(
        &self,
        tenant: &Tenant,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<(PlanListed, Option<Person>)>, Error> {
        let rows = self.ports.store.list_plans(&tenant.id, filter, limit).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            let opened = self.open_plan_body(tenant, (&row.id, &row.key_id), &row.sealed).await;
            let (kinds, is_erased, proposer) = match opened {
                Ok(body) => (kinds(&body.plan), false, body.state.proposer),
                Err(Error::Erased) => (Vec::new(), true, None),
                Err(error) => return Err(error),
            };
            listed.push((PlanListed { plan: PlanHead::from(row), kinds, is_erased }, proposer));
        }
        Ok(listed)
    }

    /// A plan as whoever approves sees it, people by their whole aliases.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `Unavailable`.
    pub async fn plan(&self, tenant: &Tenant, id: &str) -> Result<PlanShown, Error> {
        self.told_plan(tenant, id, &Names::new(tenant, Aliased::Whole)).await
    }

    /// The same for a page, where aliases are short.
    ///
    /// # Errors
    /// As `plan`.
    pub async fn plan_in_short(&self, tenant: &Tenant, id: &str) -> Result<PlanShown, Error> {
        self.told_plan(tenant, id, &Names::new(tenant, Aliased::Short)).await
    }

    /// Opens parts of a plan (`accounts`, `sources`, `others`, `texts`), once the ledger was told; the id of that leaf, and the plan
    /// with them.
    ///
    /// # Errors
    /// `Reason`; `Fields` for parts that it does not have; `NotFound`, `Erased`, `Actor`, `Unavailable`.
    pub async fn reveal_plan(
        &self,
        permit: &Permit,
        id: &str,
        (asked, aliased): (Asked<'_>, Aliased),
    ) -> Result<(String, PlanShown), Error> {
        let parts = Part::all_of(permit, asked)?;
        let row = self.ports.store.find_plan(&permit.id, id).await?.ok_or(Error::NotFound("plan"))?;
        let key = self.key_of_plan(permit, &row).await?;
        let names = Names::new(permit, aliased).with(parts);
        // Why first: what can't be told is not opened.
        let shown = self.told_plan(permit, id, &names).await?;
        let fields = asked.fields.join(",");
        let record = self.record_parts(permit, &key, ("plan", id, fields), asked.reason).await?;
        Ok((record, shown))
    }

    /// What the proposed plans are that wait for this caller: not their own, and not those that they agreed to already; what presses
    /// most comes first, then what is due first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plans_to_approve(
        &self,
        tenant: &Tenant,
        caller: &Caller,
        audience: Option<String>,
    ) -> Result<Vec<PlanListed>, Error> {
        let filter = PlanFilter { states: vec!["proposed".to_owned()], audience, ..PlanFilter::default() };
        let own = self.answerable(caller).await?;
        let mut waiting = Vec::new();
        for (listed, proposer) in self.listed_plans(tenant, filter, WAITING).await? {
            let plan = &listed.plan;
            if own.is_some() && proposer == own {
                continue;
            }
            let said = self.ports.store.list_plan_reviews(&tenant.id, &plan.id, WAITING).await?;
            let is_said = said.iter().any(|row| row.act == "approved" && row.principal == caller.id());
            if plan.proposer != caller.id() && !is_said {
                waiting.push(listed);
            }
        }
        waiting.sort_by(|one, other| {
            (other.plan.priority, one.plan.due, &one.plan.id).cmp(&(
                one.plan.priority,
                other.plan.due,
                &other.plan.id,
            ))
        });
        Ok(waiting)
    }

    async fn told_plan(&self, tenant: &Tenant, id: &str, names: &Names<'_>) -> Result<PlanShown, Error> {
        let kept = self.open_plan(tenant, id).await?;
        let course = self.open_run(tenant, kept).await?;
        let remarks = self.remarks(tenant, id, names.is_open(Part::Texts)).await?;
        let proposed_by = self.proposed_by(&course.kept.row).await?;
        let undone_by = self.undone_by(tenant, &course.kept.row).await?;
        let plan = course.kept.plan();
        let behind = self.behind(&course.kept.row, course.kept.state.proposer.as_ref()).await?;
        Ok(PlanShown {
            proposed_by,
            behind,
            workflow: plan.origin.workflow().map(str::to_owned),
            title: text(names, &plan.title),
            because: plan.because.iter().map(|because| shown_because(names, because)).collect(),
            radius: plan.radius(),
            users: users(plan).take(USERS).map(|user| names.shown(&user).view()).collect(),
            steps: steps(&course, names),
            notes: plan.notes.iter().copied().map(Note::text).collect(),
            left: plan.left.clone(),
            undone_by,
            reasons: course.kept.body.reasons.clone(),
            demanded: course.kept.state.demanded.clone(),
            approvals: course.kept.state.approvals.len(),
            own_suffices: course.kept.state.own_suffices,
            reviews: reviews(&course.kept, names),
            remarks,
            redacted: course.kept.body.redacted.clone(),
            halt: course.run.halt().cloned(),
            plan: PlanHead::from(course.kept.row.clone()),
        })
    }

    /// The plans that take a plan's run back, but for those that came to nothing.
    async fn undone_by(&self, tenant: &Tenant, row: &PlanRow) -> Result<Vec<UndoShown>, Error> {
        if row.begun.is_none() {
            return Ok(Vec::new());
        }
        let filter = PlanFilter {
            undoes: Some(row.id.clone()),
            states: UNDOING.map(|status| status.as_str().to_owned()).to_vec(),
            ..PlanFilter::default()
        };
        let rows = self.ports.store.list_plans(&tenant.id, filter, UNDOS).await?;
        let shown = |PlanRow { id, state, steps, changed, .. }| UndoShown { id, state, steps, changed };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Whose own a plan is that a program proposed.
    async fn behind(&self, row: &PlanRow, person: Option<&Person>) -> Result<Option<String>, Error> {
        let (Some(person), false) = (person, row.proposer.starts_with("per_")) else { return Ok(None) };
        let found = self.ports.store.find_person(&person.issuer, &person.subject).await?;
        Ok(found.map(|row| row.id))
    }

    /// The name of the person who proposed a plan.
    async fn proposed_by(&self, row: &PlanRow) -> Result<Option<String>, Error> {
        if !row.proposer.starts_with("per_") {
            return Ok(None);
        }
        Ok(self.ports.store.get_person(&row.proposer).await?.map(|person| person.name))
    }

    /// The plan by which a write at the tenant was made, by the leaf of its intent: the plan's id and the step's number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plan_of_write(&self, tenant: &Tenant, record: &str) -> Result<Option<(String, u64)>, Error> {
        let step = self.ports.store.find_plan_step(&tenant.id, record).await?;
        Ok(step.map(|step| (step.plan, step.step)))
    }
}

/// So many plans that take another's run back are told.
const UNDOS: u32 = 10;

/// Where a plan stands that takes back another's run, or may yet.
const UNDOING: [Status; 7] = [
    Status::Proposed,
    Status::Approved,
    Status::Running,
    Status::Done,
    Status::Halted,
    Status::Failed,
    Status::Erased,
];

/// The most plans that wait for one person.
const WAITING: u32 = 200;

fn kinds(plan: &ChangePlan) -> Vec<KindCount> {
    let mut kinds: Vec<KindCount> = Vec::new();
    for step in &plan.steps {
        match kinds.iter_mut().find(|known| known.kind == step.kind.as_str()) {
            Some(known) => known.count += 1,
            None => kinds.push(KindCount { kind: step.kind.as_str().to_owned(), count: 1 }),
        }
    }
    kinds
}

/// The users that a plan touches, each once.
pub(super) fn users(plan: &ChangePlan) -> impl Iterator<Item = Entity> {
    let users: BTreeSet<&str> =
        plan.steps.iter().flat_map(|step| &step.scope.users).map(UserId::as_str).collect();
    users.into_iter().map(|user| Entity::new(EntityKind::User, user))
}

fn text(names: &Names<'_>, text: &str) -> String {
    if names.is_open(Part::Texts) { text.to_owned() } else { MASKED_TEXT.to_owned() }
}

/// What stands in a sentence for what tells of somebody.
fn called(names: &Names<'_>, named: Named, own: &str) -> Option<String> {
    let masked = |part, mask: &str| (!names.is_open(part)).then(|| mask.to_owned());
    match named {
        Named::User => names.name(&Entity::new(EntityKind::User, own)),
        Named::Network => names.name(&Entity::new(EntityKind::Network, own)),
        Named::Mail => masked(Part::Accounts, MASKED_PERSONAL),
        Named::Value => masked(Part::Others, MASKED_PERSONAL),
        Named::Text => masked(Part::Texts, MASKED_TEXT),
    }
}

/// A reason, and what it rests on: ids stay, and what is no id is a text of whoever asked.
fn shown_because(names: &Names<'_>, because: &Because) -> Because {
    let is_id = |id: &str| {
        id.len() <= ID_BYTES && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let id = |own: &String| if is_id(own) { own.clone() } else { text(names, own) };
    let shown = |evidence: &Evidence| match evidence {
        Evidence::Alert { id: own } => Evidence::Alert { id: id(own) },
        Evidence::Incident { id: own } => Evidence::Incident { id: id(own) },
        Evidence::Span { document, from, to } => {
            Evidence::Span { document: id(document), from: *from, to: *to }
        }
        known @ (Evidence::Log { .. } | Evidence::Decision { .. } | Evidence::Domain { .. }) => known.clone(),
    };
    Because { reason: text(names, &because.reason), evidence: because.evidence.iter().map(shown).collect() }
}

fn steps(course: &Course, names: &Names<'_>) -> Vec<StepShown> {
    let plan = course.kept.plan();
    let naming = |named, own: &str| called(names, named, own);
    let sentences = sentences_by(plan, &naming);
    let shown = plan.steps.iter().zip(sentences).enumerate().map(|(number, (step, sentence))| {
        let row = course.run.row(number);
        StepShown {
            name: step.name.clone(),
            kind: step.kind.as_str().to_owned(),
            sentence,
            sends: Sends::of(step, &naming),
            is_irreversible: step.is_irreversible(),
            because: step.wanted,
            state: course.run.state(number),
            sent: row.map_or(0, |row| row.sent),
            status: row.and_then(|row| row.status),
        }
    });
    shown.collect()
}

fn reviews(kept: &KeptPlan, names: &Names<'_>) -> Vec<ReviewShown> {
    let shown = kept.reviews.iter().map(|(row, told)| ReviewShown {
        act: word(&told.act).to_owned(),
        principal: row.principal.clone(),
        by: told.by.clone(),
        reason: match &told.act {
            Act::Reject { reason, .. } => Some(text(names, reason)),
            _ => None,
        },
        at: row.at,
    });
    shown.collect()
}
