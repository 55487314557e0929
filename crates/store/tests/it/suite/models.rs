use countersign_store::{ModelAct, ModelActRow, ModelKind, ModelRow, StoreError, Write};

use super::{
    Fresh,
    make::{at, commit_all, tenant, writes},
};

fn row(version: u64, tag: &str) -> ModelRow {
    let card = format!("{{\"of\":\"{tag}\"}}");
    let (tag, by) = (tag.to_owned(), "mia".to_owned());
    ModelRow { version, kind: ModelKind::Constants, tag, card, at: at(5), by }
}

fn model(version: u64, tag: &str) -> Write {
    Write::Model { row: row(version, tag), document: format!("{{\"is\":\"{tag}\"}}") }
}

fn promoted(number: u64, champion: u64, challenger: Option<u64>) -> ModelActRow {
    let by = "mia".to_owned();
    ModelActRow { number, act: ModelAct::Promote, champion, challenger, own: None, at: at(7), by }
}

pub async fn versions_count_up_and_a_tag_is_taken_in_once(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let put = |write| store.commit(writes(&t, vec![write]));
    assert_eq!(put(model(2, "b")).await, Err(StoreError::Stale), "there is no first");
    put(model(1, "a")).await.unwrap();
    put(model(2, "b")).await.unwrap();
    assert_eq!(put(model(2, "c")).await, Err(StoreError::Stale), "a version is never replaced");
    assert_eq!(put(model(3, "a")).await, Err(StoreError::Stale), "the tag is known");
    store.commit(writes(&u, vec![model(1, "a")])).await.unwrap();
    assert_eq!(store.list_models(&t, 9).await, Ok(vec![row(2, "b"), row(1, "a")]));
    assert_eq!(store.list_models(&t, 1).await, Ok(vec![row(2, "b")]));
    assert_eq!(store.find_model(&t, 1).await, Ok(Some((row(1, "a"), "{\"is\":\"a\"}".to_owned()))));
    assert_eq!(store.find_model(&t, u64::MAX).await, Ok(None), "beyond every version");
    assert_eq!((store.find_model(&t, 3).await, store.find_model(&u, 2).await), (Ok(None), Ok(None)));
    assert_eq!(store.find_model_version(&t, "b").await, Ok(Some(2)));
    assert_eq!(store.find_model_version(&u, "b").await, Ok(None));
}

pub async fn a_version_and_an_act_are_never_changed(Fresh { store, raw, .. }: Fresh) {
    let t = tenant("t");
    let act = Write::ModelAct(promoted(1, 1, None));
    store.commit(writes(&t, vec![model(1, "a"), act])).await.unwrap();
    for statement in [
        "UPDATE models SET document = '{}'",
        "UPDATE models SET card = '{}'",
        "DELETE FROM models",
        "UPDATE model_acts SET champion = 0",
        "DELETE FROM model_acts",
    ] {
        let refusal = raw(statement).await.unwrap_err();
        assert!(refusal.contains("insert only"), "{statement}: {refusal}");
    }
    assert!(store.find_model(&t, 1).await.unwrap().is_some_and(|(_, document)| document == "{\"is\":\"a\"}"));
}

pub async fn the_newest_act_holds_and_two_at_once_leave_one_stale(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    assert_eq!(store.find_model_act(&t).await, Ok(None));
    for (number, act) in [ModelAct::Challenge, ModelAct::Promote, ModelAct::RollBack, ModelAct::Withdraw]
        .into_iter()
        .enumerate()
    {
        let before = u64::try_from(number).unwrap();
        let race = [1, 2].map(|champion| {
            let row = ModelActRow { act, ..promoted(before + 1, champion, Some(3).filter(|_| before == 0)) };
            writes(&t, vec![Write::ModelAct(row)])
        });
        let answers = commit_all(&store, race.to_vec()).await;
        let winner = answers.iter().position(Result::is_ok).unwrap();
        assert_eq!(answers[1 - winner], Err(StoreError::Stale));
        let held = store.find_model_act(&t).await.unwrap().unwrap();
        assert_eq!((held.number, held.act), (before + 1, act));
        assert_eq!((held.champion, held.challenger.is_some()), ([1, 2][winner], before == 0));
    }
    let numbers: Vec<u64> =
        store.list_model_acts(&t, 3).await.unwrap().iter().map(|act| act.number).collect();
    assert_eq!(numbers, [4, 3, 2]);
    assert_eq!(store.list_model_acts(&tenant("u"), 3).await, Ok(vec![]));
}

pub async fn an_own_model_is_a_version_of_its_kind_and_acts_name_it(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let own = ModelRow { kind: ModelKind::Own, card: String::new(), ..row(2, "night-shift@1:0") };
    let document = "{ \"format\":\t\"as it came\" }".to_owned();
    let taken = Write::Model { row: own.clone(), document: document.clone() };
    store.commit(writes(&t, vec![model(1, "a"), taken])).await.unwrap();
    assert_eq!(store.find_model(&t, 2).await, Ok(Some((own.clone(), document))));
    assert_eq!(store.list_models(&t, 9).await, Ok(vec![own, row(1, "a")]));
    let attached = ModelActRow { act: ModelAct::Attach, own: Some(2), ..promoted(1, 0, None) };
    let detached = ModelActRow { act: ModelAct::Detach, ..promoted(2, 0, Some(2)) };
    for act in [&attached, &detached] {
        store.commit(writes(&t, vec![Write::ModelAct(act.clone())])).await.unwrap();
    }
    assert_eq!(store.list_model_acts(&t, 9).await, Ok(vec![detached, attached]));
}
