use countersign_core::Timestamp;
use countersign_store::{
    LogFilter, LogProgress, LogSnapshotPiece, LogSnapshotRow, LogState, LogStretch, NewLogEntry, Store,
    StoreError, Write,
};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn entry(log_id: &str, seconds: i64) -> NewLogEntry {
    NewLogEntry {
        log_id: log_id.to_owned(),
        kind: "s".to_owned(),
        at: at(seconds),
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2, 3],
    }
}

async fn append(store: &Store, of: &str, entries: &[NewLogEntry]) -> Vec<Option<u64>> {
    store.append_log(&tenant(of), at(100), entries.to_vec(), vec![]).await.unwrap()
}

async fn ids(store: &Store, stretch: LogStretch) -> Vec<String> {
    let rows = store.list_log_in_time(&tenant("t"), stretch, 9).await.unwrap();
    rows.into_iter().map(|row| row.entry.log_id).collect()
}

pub async fn an_entry_is_journaled_once_and_places_have_no_gaps(Fresh { store, .. }: Fresh) {
    assert_eq!(store.get_log_state(&tenant("t")).await, Ok(LogState::default()));
    assert_eq!(append(&store, "t", &[entry("b", 2), entry("a", 1)]).await, [Some(0), Some(1)]);
    assert_eq!(
        append(&store, "t", &[entry("a", 1), entry("c", 3), entry("b", 2)]).await,
        [None, Some(2), None]
    );
    assert_eq!(append(&store, "t", &[]).await, []);
    let state = LogState { next: 3, ..LogState::default() };
    assert_eq!(store.get_log_state(&tenant("t")).await, Ok(state));
    let found = store.find_log_entry(&tenant("t"), "c").await.unwrap().unwrap();
    assert_eq!((found.seq, found.arrived, found.entry), (2, at(100), entry("c", 3)));
    assert_eq!(store.find_log_entry(&tenant("u"), "c").await, Ok(None));
    let rows = store.list_log_at(&tenant("t"), vec![2, 7, 0]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.entry.log_id.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    assert_eq!(store.list_log_at(&tenant("u"), vec![0]).await, Ok(vec![]));
}

pub async fn entries_of_one_delivery_that_repeat_each_other_are_one(Fresh { store, .. }: Fresh) {
    let given = [entry("a", 1), entry("a", 1), entry("b", 2), entry("a", 1)];
    assert_eq!(append(&store, "t", &given).await, [Some(0), None, Some(1), None]);
}

pub async fn many_deliveries_at_once_get_places_in_their_order(Fresh { store, .. }: Fresh) {
    let deliveries = (0..20).map(|n| {
        let store = store.clone();
        async move { append(&store, "t", &[entry(&format!("{n}"), n), entry("same", 0)]).await }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for delivery in deliveries {
        tasks.spawn(delivery);
    }
    let places: Vec<Option<u64>> = tasks.join_all().await.into_iter().flatten().collect();
    let mut given: Vec<u64> = places.iter().flatten().copied().collect();
    given.sort_unstable();
    assert_eq!(given, (0..21).collect::<Vec<u64>>());
    let rows = store.list_log(&tenant("t"), 0, 99).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), given);
}

pub async fn listed_by_arrival_and_by_event_time(Fresh { store, .. }: Fresh) {
    append(&store, "t", &[entry("d", 4), entry("b", 2), entry("a", 2), entry("c", 3)]).await;
    append(&store, "u", &[entry("x", 3)]).await;
    let arrived = store.list_log(&tenant("t"), 1, 2).await.unwrap();
    assert_eq!(arrived.iter().map(|row| row.entry.log_id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    let all = LogStretch { after: (Timestamp::default(), String::new()), until: at(9), before: 9 };
    assert_eq!(ids(&store, all.clone()).await, ["a", "b", "c", "d"]);
    assert_eq!(
        ids(&store, LogStretch { after: (at(2), "a".to_owned()), ..all.clone() }).await,
        ["b", "c", "d"]
    );
    assert_eq!(ids(&store, LogStretch { until: at(3), ..all.clone() }).await, ["a", "b", "c"]);
    assert_eq!(ids(&store, LogStretch { before: 3, ..all }).await, ["a", "b", "d"]);
}

pub async fn listed_newest_first_by_filter(Fresh { store, .. }: Fresh) {
    let other = NewLogEntry { kind: "fp".to_owned(), key_id: "rec_2".to_owned(), ..entry("c", 5) };
    append(&store, "t", &[entry("a", 9), entry("b", 2), other, entry("d", 5)]).await;
    append(&store, "u", &[entry("x", 5)]).await;
    let all = LogFilter { before: 9, ..LogFilter::default() };
    for (filter, found) in [
        (all.clone(), &["d", "c", "b", "a"][..]),
        (LogFilter { before: 2, ..all.clone() }, &["b", "a"]),
        (LogFilter { from: 2, ..all.clone() }, &["d", "c"]),
        (LogFilter { kind: Some("fp".to_owned()), ..all.clone() }, &["c"]),
        (LogFilter { key_id: Some("rec_1".to_owned()), ..all.clone() }, &["d", "b", "a"]),
        (LogFilter { key_id: Some("rec_3".to_owned()), ..all.clone() }, &[]),
        (LogFilter { since: Some(at(5)), ..all.clone() }, &["d", "c", "a"]),
        (LogFilter { until: Some(at(5)), ..all.clone() }, &["b"]),
    ] {
        let rows = store.list_log_newest(&tenant("t"), filter.clone(), 9).await.unwrap();
        let ids: Vec<_> = rows.iter().map(|row| row.entry.log_id.as_str()).collect();
        assert_eq!(ids, found, "{filter:?}");
    }
    assert_eq!(store.list_log_newest(&tenant("t"), all, 1).await.unwrap()[0].entry, entry("d", 5));
}

pub async fn what_was_looked_at_moves_only_from_where_it_was(Fresh { store, .. }: Fresh) {
    append(&store, "t", &[entry("a", 1), entry("b", 2)]).await;
    let worked = |turn, worked, late_from| {
        let progress = LogProgress { turn, worked, late_from, reached: late_from };
        writes(&tenant("t"), vec![Write::LogWorked(progress)])
    };
    assert_eq!(store.commit(worked(1, 2, None)).await, Err(StoreError::Stale));
    store.commit(worked(0, 2, Some(at(1)))).await.unwrap();
    assert_eq!(store.commit(worked(0, 2, None)).await, Err(StoreError::Stale));
    append(&store, "t", &[entry("c", 3)]).await;
    let progress = LogProgress { turn: 1, worked: 2, late_from: Some(at(1)), reached: Some(at(1)) };
    assert_eq!(store.get_log_state(&tenant("t")).await, Ok(LogState { next: 3, progress, kept_from: None }));
    store.commit(worked(1, 2, None)).await.unwrap();
    assert_eq!(
        store.commit(worked(1, 3, None)).await,
        Err(StoreError::Stale),
        "also where the place is the same"
    );
    let progress = LogProgress { turn: 2, worked: 2, late_from: None, reached: None };
    assert_eq!(store.get_log_state(&tenant("t")).await.unwrap().progress, progress);
    store.commit(writes(&tenant("u"), vec![Write::LogWorked(LogProgress::default())])).await.unwrap();
    let state = store.get_log_state(&tenant("u")).await.unwrap();
    assert_eq!((state.next, state.progress.turn), (0, 1), "also before the first entry");
}

pub async fn snapshots_are_there_with_their_head_and_stand_in_event_time(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let head = |number: u64, seconds| LogSnapshotRow {
        number,
        at: at(seconds),
        log_id: number.to_string(),
        pieces: 3,
        key_id: "rec_1".to_owned(),
    };
    let piece = |number, piece: u8| LogSnapshotPiece { number, piece: piece.into(), sealed: vec![piece; 3] };
    let pieces = |number| (0..3).map(move |n| Write::LogSnapshotPiece(piece(number, n)));
    for number in [1, 2] {
        store.commit(writes(&t, pieces(number).collect())).await.unwrap();
    }
    assert_eq!(store.list_log_snapshots(&t).await, Ok(vec![]));
    assert_eq!(store.find_log_snapshot_rest(&t).await, Ok(Some(1)));
    let heads = [head(1, 90), head(2, 50)].map(Write::LogSnapshot);
    store.commit(writes(&t, heads.to_vec())).await.unwrap();
    assert_eq!(store.list_log_snapshots(&t).await, Ok(vec![head(2, 50), head(1, 90)]));
    assert_eq!(store.find_log_snapshot_rest(&t).await, Ok(None));
    let found = store.list_log_snapshot_pieces(&t, 2, 1, 9).await;
    assert_eq!(found, Ok(vec![piece(2, 1), piece(2, 2)]));
    let drop_pieces = Write::DropLogSnapshotPieces { number: 2, most: 2 };
    store.commit(writes(&t, vec![drop_pieces.clone()])).await.unwrap();
    assert_eq!(store.list_log_snapshot_pieces(&t, 2, 0, 9).await.unwrap().len(), 3, "its head is there");
    store.commit(writes(&t, vec![Write::DropLogSnapshot(2), drop_pieces])).await.unwrap();
    assert_eq!(store.list_log_snapshot_pieces(&t, 2, 0, 9).await, Ok(vec![piece(2, 2)]));
    assert_eq!(store.find_log_snapshot_rest(&t).await, Ok(Some(2)));
    assert_eq!(store.list_log_snapshots(&t).await, Ok(vec![head(1, 90)]));
    assert_eq!(store.list_log_snapshots(&tenant("u")).await, Ok(vec![]));
}

pub async fn a_cursor_is_kept_for_its_tenant(Fresh { store, .. }: Fresh) {
    let cursor = Write::LogCursor { name: "pull", cursor: "900".to_owned() };
    store.commit(writes(&tenant("t"), vec![cursor])).await.unwrap();
    assert_eq!(store.find_log_cursor(&tenant("t"), "pull").await, Ok(Some("900".to_owned())));
    assert_eq!(store.find_log_cursor(&tenant("u"), "pull").await, Ok(None));
}
