use countersign_core::{Channel, Level, Mode, Score, Trigger, Verdict};
use countersign_store::{Commit, Counted, DecisionRow, NewDecision, Scope, Standing, StoreError, Write};

use super::{
    Fresh,
    make::{commit_all, decide, decision, decision_leaf, know, subject, tenant, writes},
};

/// Decisions that together use every word of every vocabulary, and the ends of every range.
fn of_every_kind() -> Vec<NewDecision> {
    let count =
        [Trigger::ALL.len(), Channel::ALL.len(), Mode::ALL.len(), Level::ALL.len(), Verdict::ALL.len()];
    let count = count.into_iter().max().unwrap_or(0);
    (0_u32..)
        .take(count)
        .map(|n| {
            let place = usize::try_from(n).unwrap();
            NewDecision {
                organization: (n % 2 == 0).then(|| format!("org_{n}").parse().unwrap()),
                client: (n % 3 == 0).then(|| format!("client{n}").parse().unwrap()),
                trigger: Trigger::ALL[place % Trigger::ALL.len()],
                channel: Channel::ALL[place % Channel::ALL.len()],
                mode: Mode::ALL[place % Mode::ALL.len()],
                level: Level::ALL[place % Level::ALL.len()],
                score: [Score::default(), Score::MAX, Score::from_percent(87)][place % 3],
                verdict: Verdict::ALL[place % Verdict::ALL.len()],
                is_trusted: n % 2 == 0,
                is_censored: n % 3 == 0,
                ..decision(n)
            }
        })
        .collect()
}

pub async fn every_field_and_word_comes_back(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    know(&store, &t, [subject(1)]).await;
    for (leaf_index, decision) in (0..).zip(of_every_kind()) {
        store.commit(decide(&t, decision.clone(), &subject(1))).await.unwrap();
        let id = decision.id.clone();
        let expected = DecisionRow {
            decision,
            leaf_index,
            subject: Some(subject(1)),
            standing: Standing::Open,
            granted: 0,
            at_tenant: None,
        };
        assert_eq!(store.find_decision(Scope::Tenant(&t), &id).await, Ok(Some(expected)));
    }
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(99).id).await, Ok(None));
    assert_eq!(store.find_decision(Scope::Tenant(&tenant("u")), &decision(0).id).await, Ok(None));
}

pub async fn every_standing_comes_back(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for n in [1, 2] {
        store.commit(decide(&t, decision(n), &subject(1))).await.unwrap();
    }
    let mut expected_granted = 0;
    for (granted, standing) in (0..).map(|n| n * 150).zip(Standing::ALL) {
        for at_tenant in [Some(Counted { standing, granted: granted + 1 }), None] {
            let decision = decision(1).id;
            let write = Write::Standing {
                decision: decision.clone(),
                expected_granted,
                standing,
                granted,
                at_tenant,
            };
            store.commit(writes(&t, vec![write])).await.unwrap();
            let row = store.find_decision(Scope::Tenant(&t), &decision).await.unwrap().unwrap();
            assert_eq!((row.standing, row.granted, row.at_tenant), (standing, granted, at_tenant));
            assert_eq!(row.counted_at_tenant().granted, granted + u32::from(at_tenant.is_some()));
            expected_granted = granted;
        }
    }
    let other = store.find_decision(Scope::Tenant(&t), &decision(2).id).await.unwrap().unwrap();
    assert_eq!((other.standing, other.granted), (Standing::Open, 0));
}

pub async fn a_standing_on_a_stale_grant_is_refused(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let change = |number, expected_granted, granted| Write::Standing {
        decision: decision(number).id,
        expected_granted,
        standing: Standing::Passed,
        granted,
        at_tenant: None,
    };
    store.commit(writes(&t, vec![change(1, 0, 150)])).await.unwrap();
    for (number, expected_granted) in [(1, 0), (1, 149), (2, 0)] {
        let answer = store.commit(writes(&t, vec![change(number, expected_granted, 1_000)])).await;
        assert_eq!(answer, Err(StoreError::Stale), "decision {number}, {expected_granted}");
    }
    // Another tenant's decision is out of reach.
    assert_eq!(store.commit(writes(&tenant("u"), vec![change(1, 150, 1)])).await, Err(StoreError::Stale));
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap().granted, 150);
}

pub async fn two_grants_at_once_leave_one_stale(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(decide(&t, decision(1), &subject(1))).await.unwrap();
    let race = [Standing::Passed, Standing::Fraudulent].map(|standing| {
        writes(
            &t,
            vec![Write::Standing {
                decision: decision(1).id,
                expected_granted: 0,
                standing,
                granted: 500,
                at_tenant: None,
            }],
        )
    });
    let answers = commit_all(&store, race.to_vec()).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.contains(&Err(StoreError::Stale)));
}

pub async fn the_subject_is_that_of_the_first_body(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    know(&store, &t, [subject(7), subject(8)]).await;
    let commit = decide(&t, decision(1), &subject(1));
    let leaf = decision_leaf(&decision(1), &[subject(7), subject(8)]);
    store.commit(Commit { leaves: vec![leaf], ..commit }).await.unwrap();
    let nobody = decide(&t, decision(2), &subject(1));
    store.commit(Commit { leaves: vec![decision_leaf(&decision(2), &[])], ..nobody }).await.unwrap();
    assert_eq!(
        store.find_decision(Scope::Tenant(&t), &decision(1).id).await.unwrap().unwrap().subject,
        Some(subject(7))
    );
    assert_eq!(store.find_decision(Scope::Tenant(&t), &decision(2).id).await.unwrap().unwrap().subject, None);
}

pub async fn an_unanswered_decision_is_censored_and_no_other(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    for (tenant, number) in [(&t, 1), (&t, 2), (&u, 1)] {
        store.commit(decide(tenant, decision(number), &subject(1))).await.unwrap();
    }
    let mark = |number| Write::Unanswered(decision(number).id);
    store.commit(writes(&t, vec![mark(1), mark(1)])).await.unwrap();
    for (tenant, number, expected) in [(&t, 1, true), (&t, 2, false), (&u, 1, false)] {
        let row = store.find_decision(Scope::Tenant(tenant), &decision(number).id).await.unwrap().unwrap();
        assert_eq!(row.decision.is_censored, expected, "{tenant} {number}");
    }
    let unknown = store.commit(writes(&t, vec![mark(9)])).await;
    assert!(matches!(unknown, Err(StoreError::Corrupt(_))), "{unknown:?}");
}
