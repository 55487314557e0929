//! The operator's own lists of networks, by which kind they are of.

use std::net::IpAddr;

use countersign_app::places::NetworkKind;
use ipnet::{IpNet, Ipv4Net};

use super::systems::Systems;

/// Bits before the IPv4 address in one that is written as IPv6 (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// How many tops there are.
const TOPS: usize = 1 << 16;

/// Networks and systems with their kinds; of networks that hold an address the longest prefix says the kind.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Steps<u32>,
    v6: Steps<u128>,
    systems: Systems,
}

/// A list as it is read.
#[derive(Debug, Default)]
pub(super) struct Entries {
    v4: Vec<Entry<u32>>,
    v6: Vec<Entry<u128>>,
    systems: Systems,
}

#[derive(Debug, Clone, Copy)]
struct Entry<N> {
    first: N,
    prefix: u8,
    /// The address after the last one; `None` when there is none.
    after: Option<N>,
    kind: NetworkKind,
}

/// Ranges without a gap, sorted: each reaches from its address to that of the next.
#[derive(Debug)]
struct Steps<N> {
    steps: Vec<(N, NetworkKind)>,
    /// How many steps begin below each top of an address: a search through millions of them would miss the cache at each turn.
    below: Vec<usize>,
}

impl<N> Default for Steps<N> {
    fn default() -> Self {
        Self { steps: Vec::new(), below: Vec::new() }
    }
}

/// An address as a number.
trait Number: Copy + Ord {
    /// Its first 16 bits.
    fn top(self) -> usize;
}

impl Number for u32 {
    fn top(self) -> usize {
        usize::try_from(self >> 16).unwrap_or_default()
    }
}

impl Number for u128 {
    fn top(self) -> usize {
        usize::try_from(self >> 112).unwrap_or_default()
    }
}

impl Networks {
    /// Lists and a table of systems together, the earlier ones first.
    pub(super) fn of<'a>(lists: impl Iterator<Item = &'a Entries>, table: Option<&Systems>) -> Self {
        let mut all = Entries::default();
        for Entries { v4, v6, systems } in lists {
            all.v4.extend_from_slice(v4);
            all.v6.extend_from_slice(v6);
            all.add_systems(systems);
        }
        table.into_iter().for_each(|systems| all.add_systems(systems));
        Self { v4: Steps::of(all.v4), v6: Steps::of(all.v6), systems: all.systems }
    }

    /// The kind of a system; `None` when no list has it.
    pub(super) fn kind_of(&self, system: u32) -> Option<NetworkKind> {
        self.systems.get(&system).copied().filter(|kind| *kind != NetworkKind::Unknown)
    }

    /// The kind of an address's network, or of its system; `None` when no list has either.
    pub(super) fn kind(&self, address: IpAddr, system: Option<u32>) -> Option<NetworkKind> {
        let listed = match address {
            IpAddr::V4(v4) => self.v4.kind(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.kind(v6.to_bits()),
        };
        listed.or_else(|| self.kind_of(system?))
    }
}

impl Entries {
    /// Reads a list of networks of one kind; gives also the numbers of lines, from 1, that can't be read.
    pub(super) fn read(text: &str, kind: NetworkKind) -> (Self, Vec<usize>) {
        let (mut entries, mut faults) = (Self::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let told = line.split('#').next().unwrap_or_default().trim();
            if !told.is_empty() && entries.take(told, kind).is_none() {
                faults.push(number);
            }
        }
        (entries, faults)
    }

    /// How many networks and systems there are.
    pub(super) fn len(&self) -> usize {
        self.v4.len() + self.v6.len() + self.systems.len()
    }

    fn add_systems(&mut self, systems: &Systems) {
        for (number, kind) in systems {
            self.systems.entry(*number).or_insert(*kind);
        }
    }

    fn take(&mut self, told: &str, kind: NetworkKind) -> Option<()> {
        if let Some(number) = system(told) {
            self.systems.entry(number).or_insert(kind);
            return Some(());
        }
        let parsed = told.parse::<IpNet>().or_else(|_| told.parse::<IpAddr>().map(IpNet::from)).ok()?;
        match canonical(parsed) {
            IpNet::V4(net) => {
                let after = net.broadcast().to_bits().checked_add(1);
                self.v4.push(Entry { first: net.network().to_bits(), prefix: net.prefix_len(), after, kind });
            }
            IpNet::V6(net) => {
                let after = net.broadcast().to_bits().checked_add(1);
                self.v6.push(Entry { first: net.network().to_bits(), prefix: net.prefix_len(), after, kind });
            }
        }
        Some(())
    }
}

/// The number of `AS64500`.
fn system(told: &str) -> Option<u32> {
    let digits = told.strip_prefix("AS").or_else(|| told.strip_prefix("as"))?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number != 0)
}

/// An IPv4 network that is written as IPv6 as what it is.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_BITS));
    mapped.and_then(|(v4, prefix)| Ipv4Net::new(v4, prefix).ok()).map_or(net, IpNet::V4)
}

impl<N: Number> Steps<N> {
    /// Lays networks over one another, the narrower above the wider; of the same ones the first holds.
    fn of(mut entries: Vec<Entry<N>>) -> Self {
        entries.sort_by_key(|entry| (entry.first, entry.prefix));
        entries.dedup_by_key(|entry| (entry.first, entry.prefix));
        let mut steps = Self::default();
        // INVARIANT: networks do not overlap in part, so that what began last ends first.
        let mut open: Vec<(Option<N>, NetworkKind)> = Vec::new();
        for Entry { first, after, kind, prefix: _ } in entries {
            steps.close(&mut open, |end| end <= first);
            steps.begin(first, kind);
            open.push((after, kind));
        }
        steps.close(&mut open, |_| true);
        steps.steps.shrink_to_fit();
        let tops = if steps.steps.is_empty() { 0 } else { TOPS };
        steps.below =
            (0..tops).map(|top| steps.steps.partition_point(|(first, _)| first.top() < top)).collect();
        steps
    }

    /// Ends the innermost networks whose end is one of those.
    fn close(&mut self, open: &mut Vec<(Option<N>, NetworkKind)>, is_over: impl Fn(N) -> bool) {
        while let Some(end) = open.last().and_then(|(after, _)| *after).filter(|end| is_over(*end)) {
            open.pop();
            self.begin(end, open.last().map_or(NetworkKind::Unknown, |(_, kind)| *kind));
        }
    }

    fn begin(&mut self, at: N, kind: NetworkKind) {
        self.steps.pop_if(|last| last.0 == at);
        if self.steps.last().is_none_or(|last| last.1 != kind) {
            self.steps.push((at, kind));
        }
    }

    fn kind(&self, address: N) -> Option<NetworkKind> {
        let top = address.top();
        let begin = *self.below.get(top)?;
        let end = self.below.get(top + 1).copied().unwrap_or(self.steps.len());
        let after = begin + self.steps.get(begin..end)?.partition_point(|(first, _)| *first <= address);
        let (_, kind) = self.steps.get(after.checked_sub(1)?)?;
        Some(*kind).filter(|kind| *kind != NetworkKind::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(lists: &[(&str, NetworkKind)]) -> Networks {
        let read = lists.iter().map(|(text, kind)| {
            let (entries, faults) = Entries::read(text, *kind);
            assert_eq!(faults, [0; 0], "{text}");
            entries
        });
        let read: Vec<Entries> = read.collect();
        Networks::of(read.iter(), None)
    }

    fn kind(networks: &Networks, address: &str) -> Option<NetworkKind> {
        networks.kind(address.parse::<IpAddr>().unwrap().to_canonical(), Some(64_500))
    }

    #[test]
    fn the_longest_prefix_wins_then_the_earlier_list_then_the_system() {
        let networks = networks(&[
            ("10.0.0.0/8\n10.1.2.0/24 # the office\nAS64500\n", NetworkKind::Corporate),
            ("10.1.0.0/16\n10.1.2.0/24\n10.1.2.7\n::/0\n", NetworkKind::Hosting),
            ("2001:db8::/32\n::ffff:10.1.2.128/121\n255.255.255.255\nas64500", NetworkKind::Anonymizer),
        ]);
        for (address, expected) in [
            ("9.255.255.255", NetworkKind::Corporate),
            ("10.0.0.0", NetworkKind::Corporate),
            ("10.1.1.255", NetworkKind::Hosting),
            ("10.1.2.0", NetworkKind::Corporate),
            ("10.1.2.7", NetworkKind::Hosting),
            ("10.1.2.8", NetworkKind::Corporate),
            ("::ffff:10.1.2.128", NetworkKind::Anonymizer),
            ("10.1.3.0", NetworkKind::Hosting),
            ("10.2.0.0", NetworkKind::Corporate),
            ("255.255.255.255", NetworkKind::Anonymizer),
            ("2001:db8::1", NetworkKind::Anonymizer),
            ("2001:db9::", NetworkKind::Hosting),
        ] {
            assert_eq!(kind(&networks, address), Some(expected), "{address}");
        }
        assert_eq!(networks.kind("11.0.0.0".parse().unwrap(), None), None);
        assert_eq!(networks.kind("11.0.0.0".parse().unwrap(), Some(64_501)), None);
    }

    #[test]
    fn a_table_of_systems_counts_less_than_a_list_and_says_what_no_list_says() {
        let (list, _) = Entries::read("AS64500\n", NetworkKind::Corporate);
        let table =
            [(64_500, NetworkKind::Hosting), (64_501, NetworkKind::Vpn), (64_502, NetworkKind::Unknown)];
        let networks = Networks::of([&list].into_iter(), Some(&table.into()));
        assert_eq!(networks.kind_of(64_500), Some(NetworkKind::Corporate));
        assert_eq!(networks.kind_of(64_501), Some(NetworkKind::Vpn));
        assert_eq!([networks.kind_of(64_502), networks.kind_of(64_503)], [None; 2]);
    }

    #[test]
    fn lines_that_are_neither_are_told_by_number() {
        let text = "# comment\n\n10.0.0.0/33\nAS0\nAS-1\nAS4294967296\n10.0.0.0/8 10.0.0.1\nexample.com\n10.0.0.1/8\r\n";
        assert_eq!(Entries::read(text, NetworkKind::Mobile).1, [3, 4, 5, 6, 7, 8]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_asking_each_network_gives(
            nets in prop::collection::vec((any::<u8>(), 24_u8..=32, 0_usize..3), 0..20),
            asked in any::<u8>(),
        ) {
            let kinds = [NetworkKind::Corporate, NetworkKind::Hosting, NetworkKind::Mobile];
            let all: Vec<(Ipv4Net, NetworkKind)> = nets
                .iter()
                .map(|(last, prefix, kind)| (Ipv4Net::new([255, 255, 255, *last].into(), *prefix).unwrap(), kinds[*kind]))
                .collect();
            let lists: Vec<Entries> = all.iter().map(|(net, kind)| Entries::read(&net.to_string(), *kind).0).collect();
            let networks = Networks::of(lists.iter(), None);
            let address = std::net::Ipv4Addr::new(255, 255, 255, asked);
            let mut expected: Option<(Ipv4Net, NetworkKind)> = None;
            for (net, kind) in all.into_iter().filter(|(net, _)| net.contains(&address)) {
                if expected.is_none_or(|(longest, _)| net.prefix_len() > longest.prefix_len()) {
                    expected = Some((net, kind));
                }
            }
            prop_assert_eq!(networks.kind(address.into(), None), expected.map(|(_, kind)| kind));
        }
    }
}
