use countersign_store::{CheckpointRow, Conflict, StoreError, Write};

use super::{
    Fresh,
    make::{at, commit_all, tenant, writes},
};

fn checkpoint(size: u64, note: &str) -> CheckpointRow {
    CheckpointRow { size, note: note.to_owned(), at: at(1) }
}

pub async fn one_size_is_signed_once(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let race = ["left", "right"].map(|note| writes(&t, vec![Write::Checkpoint(checkpoint(5, note))]));
    let answers = commit_all(&store, race.to_vec()).await;
    let winner = answers.iter().position(Result::is_ok).unwrap();
    assert_eq!(answers[1 - winner], Err(StoreError::Conflict(Conflict::Checkpoint)));
    let kept = checkpoint(5, ["left", "right"][winner]);
    assert_eq!(store.find_newest_checkpoint(&t).await, Ok(Some(kept)));
    store.commit(writes(&u, vec![Write::Checkpoint(checkpoint(5, "another tenant's"))])).await.unwrap();
}

pub async fn listed_by_size_smallest_first(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for size in [10, 2, 256, 9] {
        store
            .commit(writes(&t, vec![Write::Checkpoint(checkpoint(size, "note\n\n— key sig\n"))]))
            .await
            .unwrap();
    }
    for (from, limit, expected) in [
        (0, 9, &[2, 9, 10, 256][..]),
        (9, 9, &[9, 10, 256]),
        (10, 1, &[10]),
        (257, 9, &[]),
        (u64::MAX, 9, &[]),
        (0, 0, &[]),
    ] {
        let listed = store.list_checkpoints(&t, from, limit).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.size).collect::<Vec<_>>(), expected, "{limit} from {from}");
    }
    assert_eq!(store.find_newest_checkpoint(&t).await, Ok(Some(checkpoint(256, "note\n\n— key sig\n"))));
}
