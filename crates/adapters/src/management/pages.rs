//! Lists, page by page: nothing that was there throughout is left out, and nothing comes twice.

mod offset;

use std::collections::{BTreeSet, VecDeque};

use countersign_app::management::{Api, Error, Lane};
use countersign_auth0::management::{Item, Operation, Page, Paging, Request};
use reqwest::{
    Url,
    header::{HeaderMap, LINK},
};

use self::offset::{Offset, Took};

/// The items of a page: the most that the API gives.
const PER_PAGE: usize = 100;

/// How many items a list by offset gives at the most.
const MOST_BY_OFFSET: usize = 1_000;

/// How many pages are read of a list by offset, however often they change: eight times what the longest has.
const MOST_READS: usize = 8 * MOST_BY_OFFSET / PER_PAGE;

/// How many pages in a row may hold nothing new.
const MOST_STALE: usize = 3;

/// A list that is being read. `next` gives what is new of each page, in the order in which it was read.
pub struct Pages<'a, T> {
    api: &'a dyn Api,
    request: Request<Page<T>>,
    lane: Lane,
    seen: BTreeSet<String>,
    state: State,
    /// What was read and is not handed out yet.
    ready: VecDeque<Vec<T>>,
}

enum State {
    /// By offset.
    Offset(Offset),
    /// By a mark of the last answer; `used` are those before, `stale` counts pages without anything new.
    Marked { used: BTreeSet<String>, stale: usize },
    /// All in one answer.
    Whole,
    /// Read, or given up with this error, which is told once.
    Over(Option<Error>),
}

impl super::Management {
    /// Reads a list page by page.
    pub fn pages<T: Item>(&self, request: Request<Page<T>>, lane: Lane) -> Pages<'_, T> {
        Pages::new(self, request, lane)
    }
}

impl<'a, T: Item> Pages<'a, T> {
    /// A list that nothing was read of yet.
    pub fn new(api: &'a dyn Api, request: Request<Page<T>>, lane: Lane) -> Self {
        let state = match request.any().operation().paging {
            Paging::Whole => State::Whole,
            Paging::Offset => State::Offset(Offset::default()),
            Paging::Checkpoint | Paging::Link => State::Marked { used: BTreeSet::new(), stale: 0 },
        };
        Self { api, request, lane, seen: BTreeSet::new(), state, ready: VecDeque::new() }
    }

    /// What is new of the next page; `None` at the end. After an error there is nothing more.
    ///
    /// # Errors
    /// [`Error`]: [`Error::TooMany`] after the first 1,000 of a list that gives no more, [`Error::Repeating`] and
    /// [`Error::Unsettled`] for one that has no end.
    pub async fn next(&mut self) -> Option<Result<Vec<T>, Error>> {
        loop {
            if let Some(items) = self.ready.pop_front() {
                return Some(Ok(items));
            }
            let read = match &mut self.state {
                State::Over(error) => return error.take().map(Err),
                State::Whole => self.whole().await,
                State::Offset(_) => self.by_offset().await,
                State::Marked { .. } => self.by_mark().await,
            };
            if let Err(error) = read {
                self.state = State::Over(Some(error));
            }
        }
    }

    /// All items.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(items) = self.next().await {
            all.extend(items?);
        }
        Ok(all)
    }

    /// Where reading by mark stands: what to begin at another time.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.request.any().query().iter().find(|(name, _)| name == "from").map(|(_, from)| from.as_str())
    }

    fn operation(&self) -> &'static Operation {
        self.request.any().operation()
    }

    async fn whole(&mut self) -> Result<(), Error> {
        let (page, _) = self.fetch(&self.request).await?;
        self.state = State::Over(None);
        self.ready.push_back(page.items);
        Ok(())
    }

    /// Reads a page by offset, then the one before it again: had anything moved between the two, that one would be another
    /// now. If it is, the one before that may be too, so that reading goes back until a page is as it was.
    async fn by_offset(&mut self) -> Result<(), Error> {
        let operation = self.operation();
        let State::Offset(offset) = &mut self.state else { return Ok(()) };
        offset.reads += 1;
        if offset.reads > MOST_READS {
            return Err(Error::Unsettled { operation });
        }
        let at = offset.step.page();
        let request = numbered(&self.request, at, offset.size);
        let (page, _) = self.fetch(&request).await?;
        let ids: Vec<String> = page.items.iter().map(Item::id).collect();
        let (total, size) = (page.total(), page.size());
        self.hand_out(page.items);
        let State::Offset(offset) = &mut self.state else { return Ok(()) };
        offset.total = total;
        if at == 0 && offset.reads == 1 {
            offset.size = size.map_or(PER_PAGE, |size| size.clamp(1, PER_PAGE));
        }
        match offset.took(ids) {
            Took::More => {}
            Took::End => self.state = State::Over(None),
            Took::TooMany => self.state = State::Over(Some(Error::TooMany { operation })),
            Took::Repeating => return Err(Error::Repeating { operation }),
        }
        Ok(())
    }

    async fn by_mark(&mut self) -> Result<(), Error> {
        let operation = self.operation();
        if operation.paging == Paging::Link && self.mark().is_none() {
            // Without a beginning the API searches, and gives no more than 1,000.
            return Err(Error::Malformed { operation });
        }
        self.request = self.request.clone().with("take", PER_PAGE.to_string());
        let (page, link) = self.fetch(&self.request).await?;
        let is_empty = page.items.is_empty();
        let next = match operation.paging {
            Paging::Link => link.filter(|_| !is_empty),
            _ => page.next().map(str::to_owned),
        };
        if operation.paging == Paging::Link {
            // Ids sort, and a mark is behind what came: two pages share no more than what is at their border.
            let kept = page.items.iter().map(Item::id).collect();
            let has_new = self.hand_out(page.items);
            self.seen = kept;
            return self.go_on(next, has_new);
        }
        let has_new = self.hand_out(page.items);
        self.go_on(next, has_new)
    }

    fn go_on(&mut self, next: Option<String>, has_new: bool) -> Result<(), Error> {
        let operation = self.operation();
        let State::Marked { used, stale } = &mut self.state else { return Ok(()) };
        *stale = if has_new { 0 } else { *stale + 1 };
        let Some(next) = next else {
            self.state = State::Over(None);
            return Ok(());
        };
        if !used.insert(next.clone()) || *stale >= MOST_STALE {
            return Err(Error::Repeating { operation });
        }
        self.request = self.request.clone().with("from", next);
        Ok(())
    }

    async fn fetch(&self, request: &Request<Page<T>>) -> Result<(Page<T>, Option<String>), Error> {
        let operation = request.any().operation();
        let reply = self.api.fetch(request.any(), self.lane).await?;
        let page = reply.read().map_err(|shape| Error::Shape { operation, shape })?;
        Ok((page, reply.next))
    }

    /// Keeps what was not seen before, to be handed out; says whether there was any.
    fn hand_out(&mut self, items: Vec<T>) -> bool {
        let seen = &mut self.seen;
        let new: Vec<T> = items.into_iter().filter(|item| seen.insert(item.id())).collect();
        let has_new = !new.is_empty();
        if has_new {
            self.ready.push_back(new);
        }
        has_new
    }
}

fn numbered<T>(request: &Request<Page<T>>, page: usize, size: usize) -> Request<Page<T>> {
    let takes_totals = request.any().operation().query.contains(&"include_totals");
    let request = request.clone().with("page", page.to_string()).with("per_page", size.to_string());
    if takes_totals { request.with("include_totals", "true") } else { request }
}

/// The `from` of the next page in a `Link` header, if it leads to the same list of the same tenant.
pub(super) fn next_link(headers: &HeaderMap, base: &Url, path: &str) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links = links
        .flat_map(|value| value.split(", "))
        .filter(|link| link.contains("rel=\"next\"") || link.contains("rel=next"));
    let addresses =
        links.filter_map(|link| link.trim().strip_prefix('<')?.split_once('>').map(|(address, _)| address));
    addresses.filter_map(|address| base.join(address).ok()).find_map(|url| {
        let is_ours = url.origin() == base.origin() && url.path() == format!("/api/v2{path}");
        let from = url.query_pairs().find(|(name, _)| name == "from").map(|(_, from)| from.into_owned());
        from.filter(|_| is_ours)
    })
}
