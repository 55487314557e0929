//! Forms in parts (RFC 7578).

/// The parts of a form by their names, in order; `None` for what is none.
pub fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<(String, &'a [u8])>> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = rest.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?.trim_matches('"');
    let first = format!("--{boundary}");
    let next = format!("\r\n{first}");
    let mut rest = body.strip_prefix(first.as_bytes()).filter(|_| !boundary.is_empty())?;
    let mut found = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (part, after) = split(part, next.as_bytes())?;
        let (head, content) = split(part, b"\r\n\r\n")?;
        found.push((name(std::str::from_utf8(head).ok()?)?, content));
        rest = after;
    }
    rest.starts_with(b"--").then_some(found)
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..place)?, bytes.get(place.checked_add(at.len())?..)?))
}

/// The name of a part by its headers.
fn name(head: &str) -> Option<String> {
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = disposition.split(';').find_map(|one| one.trim().strip_prefix("name="))?;
    Some(name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"b\"";

    #[test]
    fn parts_are_told_apart_whatever_they_hold() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"users\"; filename=\"u.json\"\r\nContent-Type: application/json\r\n\r\n[\r\n\r\n--]\r\n--b\r\ncontent-disposition: form-data; name=upsert\r\n\r\n\r\n--b--\r\n";
        let found = parts(KIND, body).unwrap();
        assert_eq!(found, [("users".to_owned(), &b"[\r\n\r\n--]"[..]), ("upsert".to_owned(), &b""[..])]);
    }

    #[test]
    fn what_is_cut_short_or_no_form_has_no_parts() {
        let whole = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--";
        assert!(parts(KIND, whole).is_some());
        for cut in 0..whole.len() - 1 {
            assert_eq!(parts(KIND, &whole[..cut]), None, "{cut}");
        }
        for kind in
            ["", "multipart/form-data", "multipart/form-data; boundary=", "application/json; boundary=b"]
        {
            assert_eq!(parts(kind, whole), None, "{kind}");
        }
    }
}
