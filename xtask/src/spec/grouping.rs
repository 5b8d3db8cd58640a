//! Groups what is the same at several places, so that it is one line.

/// The places of each item, in the order of their first places.
pub fn grouped<K: PartialEq, P>(items: impl IntoIterator<Item = (K, P)>) -> Vec<(K, Vec<P>)> {
    let mut groups: Vec<(K, Vec<P>)> = Vec::new();
    for (item, place) in items {
        match groups.iter_mut().find(|(other, _)| *other == item) {
            Some((_, places)) => places.push(place),
            None => groups.push((item, vec![place])),
        }
    }
    groups
}

/// The places of an item in a line: all if they are few, or else their number and the first two.
pub fn places<P: AsRef<str>>(places: &[P]) -> String {
    let list = |places: &[P]| places.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    if places.len() <= 3 { list(places) } else { format!("{} places ({}, …)", places.len(), list(&places[..2])) }
}
