use countersign_store::{DeliveryFilter, DeliveryRow, DeliveryState, IncidentWrite, Store, StoreError};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn delivery(id: &str, hook: &str, event: &str, next: i64) -> DeliveryRow {
    DeliveryRow {
        id: id.to_owned(),
        hook: hook.to_owned(),
        about: "inc_1".to_owned(),
        event: event.to_owned(),
        state: DeliveryState::Waiting,
        attempts: 0,
        made: at(0),
        next: at(next),
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2],
        place: None,
    }
}

async fn write(store: &Store, of: &str, write: IncidentWrite) -> Result<(), StoreError> {
    store.commit(writes(&tenant(of), vec![write.into()])).await.map(drop)
}

async fn ids(store: &Store, of: &str, filter: DeliveryFilter) -> Vec<String> {
    let rows = store.list_deliveries(&tenant(of), filter, 9).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

fn tried(id: &str, attempts: u32, state: DeliveryState, next: i64) -> IncidentWrite {
    IncidentWrite::Tried { id: id.to_owned(), attempts, state, next: at(next), place: None }
}

pub async fn the_same_is_to_be_told_once(Fresh { store, .. }: Fresh) {
    let first = delivery("a", "soc", "incident.opened", 5);
    for row in [
        first.clone(),
        delivery("b", "soc", "incident.opened", 6),
        delivery("c", "chat", "incident.opened", 7),
    ] {
        write(&store, "t", IncidentWrite::Deliver(row)).await.unwrap();
    }
    write(&store, "u", IncidentWrite::Deliver(delivery("d", "soc", "incident.opened", 5))).await.unwrap();
    assert_eq!(ids(&store, "t", DeliveryFilter::default()).await, ["a", "c"]);
    assert_eq!(store.list_deliveries(&tenant("t"), DeliveryFilter::default(), 1).await, Ok(vec![first]));
}

pub async fn an_attempt_counts_only_where_nothing_changed(Fresh { store, .. }: Fresh) {
    write(&store, "t", IncidentWrite::Deliver(delivery("a", "soc", "incident.opened", 5))).await.unwrap();
    write(&store, "t", tried("a", 0, DeliveryState::Waiting, 50)).await.unwrap();
    assert_eq!(write(&store, "t", tried("a", 0, DeliveryState::Sent, 50)).await, Err(StoreError::Stale));
    write(&store, "t", tried("a", 1, DeliveryState::Sent, 60)).await.unwrap();
    assert_eq!(write(&store, "t", tried("a", 2, DeliveryState::Dead, 60)).await, Err(StoreError::Stale));
    let [row] = &store.list_deliveries(&tenant("t"), DeliveryFilter::default(), 9).await.unwrap()[..] else {
        panic!()
    };
    assert_eq!((row.state, row.attempts, row.next), (DeliveryState::Sent, 2, at(60)));
}

pub async fn listed_in_the_order_in_which_they_are_tried(Fresh { store, .. }: Fresh) {
    for (id, event, next) in [("a", "one", 9), ("b", "two", 5), ("c", "three", 7)] {
        write(&store, "t", IncidentWrite::Deliver(delivery(id, "soc", event, next))).await.unwrap();
    }
    write(&store, "t", tried("c", 0, DeliveryState::Dead, 7)).await.unwrap();
    assert_eq!(ids(&store, "t", DeliveryFilter::default()).await, ["b", "c", "a"]);
    let waiting = |due| DeliveryFilter { state: Some(DeliveryState::Waiting), due, hook: None };
    assert_eq!(ids(&store, "t", waiting(None)).await, ["b", "a"]);
    assert_eq!(ids(&store, "t", waiting(Some(at(5)))).await, ["b"]);
    write(&store, "t", IncidentWrite::PruneDeliveries { before: at(0) }).await.unwrap();
    assert_eq!(ids(&store, "t", DeliveryFilter::default()).await.len(), 3);
    write(&store, "t", IncidentWrite::PruneDeliveries { before: at(1) }).await.unwrap();
    assert!(ids(&store, "t", DeliveryFilter::default()).await.is_empty());
}

pub async fn the_newest_place_of_a_message_is_known_by_receiver_and_matter(Fresh { store, .. }: Fresh) {
    let place = |hook: &'static str| {
        let (store, t) = (&store, tenant("t"));
        async move { store.find_placed_message(&t, hook, "inc_1").await.unwrap().map(|found| found.place) }
    };
    for (id, hook, event, made) in
        [("a", "chat", "one", 1), ("b", "chat", "two", 2), ("c", "soc", "one", 3), ("d", "chat", "three", 4)]
    {
        let row = DeliveryRow { made: at(made), ..delivery(id, hook, event, made) };
        write(&store, "t", IncidentWrite::Deliver(row)).await.unwrap();
    }
    assert_eq!(place("chat").await, None);
    for (id, said) in [("b", Some("C1 2")), ("a", Some("C1 1")), ("d", None)] {
        let place = said.map(ToOwned::to_owned);
        let tried = IncidentWrite::Tried {
            id: id.to_owned(),
            attempts: 0,
            state: DeliveryState::Sent,
            next: at(9),
            place,
        };
        write(&store, "t", tried).await.unwrap();
    }
    assert_eq!((place("chat").await.as_deref(), place("soc").await), (Some("C1 2"), None));
    let chat = DeliveryFilter { hook: Some("chat".to_owned()), ..DeliveryFilter::default() };
    assert_eq!(ids(&store, "t", chat).await, ["a", "b", "d"]);
}
