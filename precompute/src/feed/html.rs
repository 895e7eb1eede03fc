//! The little of HTML that feeds need: references to characters, and scripts of data.

/// Named references that occur in names of products.
const NAMED: [(&str, &str); 24] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("hellip", "…"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("euro", "€"),
    ("trade", "™"),
];

/// `&amp;`, `&#38;` and `&#x26;` as characters; what is not known stays.
pub fn unescape(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let reference = after.split_once(';').filter(|(name, _)| name.len() <= 10);
        let character = reference.and_then(|(name, _)| {
            let number = match name.strip_prefix("#x").or(name.strip_prefix("#X")) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => name.strip_prefix('#').and_then(|digits| digits.parse().ok()),
            };
            let named = || NAMED.iter().find(|(other, _)| *other == name).map(|(_, text)| (*text).to_owned());
            number.and_then(char::from_u32).map(String::from).or_else(named)
        });
        match (character, reference) {
            (Some(character), Some((_, after))) => {
                plain.push_str(&character);
                rest = after;
            }
            _ => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The contents of the page's scripts of type `application/ld+json`.
pub fn data_scripts(page: &str) -> Vec<&str> {
    let (mut scripts, mut at) = (Vec::new(), 0);
    // ASCII letters alone change, so that places are those of the page.
    let lower = page.to_ascii_lowercase();
    while let Some(start) = lower[at..].find("<script").map(|found| at + found) {
        let Some(content) = tag_end(&lower[start..]).map(|end| start + end) else { break };
        let Some(end) = lower[content..].find("</script").map(|end| content + end) else { break };
        if lower[start..content].contains("application/ld+json") {
            scripts.push(&page[content..end]);
        }
        at = end;
    }
    scripts
}

/// Where the content begins after a tag, whose attributes may have a `>` in quotation marks.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters_and_scripts_are_found() {
        assert_eq!(unescape("A &amp; B &#8364; &#x20ac; &nope; & C &"), "A & B € € &nope; & C &");
        let page = "<SCRIPT>1</script><script data-x='>' type=\"application/ld+json\">{}</SCRIPT>";
        assert_eq!(data_scripts(page).len(), 1);
        assert!(data_scripts("<script type='application/ld+json'>{").is_empty());
    }
}
