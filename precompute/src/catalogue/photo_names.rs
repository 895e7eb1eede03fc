//! Which product a photo is of, and which of its photos, by the photo's place in the folder.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::rows::normal;

/// Names of views and numbers that say nothing of a product: `875317/front.jpg` is a photo of product 875317.
const VIEWS: [&str; 22] = [
    "back", "bottom", "close", "closeup", "cover", "default", "detail", "details", "front", "full", "hero",
    "large", "left", "main", "model", "packshot", "primary", "right", "side", "top", "worn", "zoom",
];
/// Words before a number that say nothing of a product either.
const WORDS: [&str; 7] = ["image", "img", "photo", "pic", "picture", "product", "view"];

/// Where a photo's place holds the product's id: components of a path with `{id}` for the id and `*` for any text within a
/// component. It is compared with the end of the path, without the file name's ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(Vec<String>);

/// Stands for the id.
const ID: &str = "{id}";

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<NamePattern, String> {
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if text.matches(ID).count() != 1 || parts.iter().any(String::is_empty) {
            return Err(format!("{text:?} has to have {ID} once, such as {ID}/* or {ID}_*"));
        }
        Ok(NamePattern(parts))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl NamePattern {
    /// The id in `place`, the components of a photo's path; the longest that there can be.
    fn id(&self, place: &[String]) -> Option<String> {
        let first = place.len().checked_sub(self.0.len())?;
        let mut id = None;
        for (pattern, text) in self.0.iter().zip(&place[first..]) {
            match pattern.split_once(ID) {
                Some((before, after)) => {
                    // The longest id first, from the leftmost place it can begin at.
                    let ends = (0..=text.len()).rev().filter(|at| text.is_char_boundary(*at));
                    id = ends.into_iter().find_map(|end| {
                        let start = (0..end)
                            .find(|at| text.is_char_boundary(*at) && matches(before, &text[..*at]))?;
                        matches(after, &text[end..]).then(|| text[start..end].to_owned())
                    });
                    id.as_ref()?;
                }
                None if matches(pattern, text) => {}
                None => return None,
            }
        }
        id
    }
}

/// Whether `text` is what `pattern` says, with `*` for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches(after, &rest[at..]))
        }),
    }
}

/// How places of photos say whose they are.
#[derive(Clone, Debug)]
pub enum PhotoNames {
    /// By a pattern; a photo of another place is of the product that its file name says.
    Pattern(NamePattern),
    /// By the file name without its ending, or what else an id that is known is found in: the folder's name, or the file name up to a
    /// sign that is neither letter nor digit. Several files of one name that is no id but a view are told apart by their folders.
    Found {
        /// Ids of products, in the form of [`normal`]; none if they are not known.
        known: HashSet<String>,
    },
}

/// The components of a photo's path below the folder, the last without its ending; `None` if one is not Unicode.
pub fn place(path: &Path) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.parent().into_iter().flat_map(Path::components) {
        parts.push(normal(part.as_os_str().to_str()?));
    }
    parts.push(normal(path.file_stem()?.to_str()?));
    Some(parts)
}

impl PhotoNames {
    /// The ids of the products that the photos at `places` are of.
    pub fn ids(&self, places: &[Vec<String>]) -> Vec<String> {
        let name = |place: &[String]| place.last().cloned().unwrap_or_default();
        match self {
            PhotoNames::Pattern(pattern) => {
                places.iter().map(|place| pattern.id(place).unwrap_or_else(|| name(place))).collect()
            }
            PhotoNames::Found { known } => {
                let by_folder = by_folder(places);
                let id = |place: &Vec<String>| match found(known, place) {
                    Some(id) => id,
                    None if by_folder && is_view(&name(place)) => {
                        place.iter().rev().nth(1).cloned().unwrap_or_else(|| name(place))
                    }
                    None => name(place),
                };
                places.iter().map(id).collect()
            }
        }
    }
}

/// The known id in `place`, if there is one.
fn found(known: &HashSet<String>, place: &[String]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let name = place.last()?;
    let cuts = name.char_indices().rev().filter(|(_, letter)| !letter.is_alphanumeric());
    let starts = cuts.map(|(at, _)| name[..at].trim_end());
    let folder = place.iter().rev().nth(1).map(String::as_str);
    let id = [name.as_str()].into_iter().chain(folder).chain(starts).find(|id| known.contains(*id));
    id.map(str::to_owned)
}

/// Whether folders tell products apart: a view's name is in several.
fn by_folder(places: &[Vec<String>]) -> bool {
    let mut views: HashMap<&str, &[String]> = HashMap::new();
    places.iter().any(|place| match place.split_last() {
        Some((name, folder)) if !folder.is_empty() && is_view(name) => {
            views.insert(name, folder).is_some_and(|other| other != folder)
        }
        _ => false,
    })
}

/// Whether a file name says which view of a product a photo shows, and nothing of the product.
fn is_view(name: &str) -> bool {
    let name = name.to_lowercase();
    let word = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = name.len() - word.len();
    let word = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    match digits {
        0 => VIEWS.contains(&word),
        1..=3 => word.is_empty() || VIEWS.contains(&word) || WORDS.contains(&word),
        _ => false,
    }
}

/// The order of one product's photos: that whose name is the id, then by the numbers and texts of their places, then as they are
/// written.
pub fn order(id: &str, one: &[String], other: &[String]) -> Ordering {
    let is_further = |place: &[String]| place.last().is_none_or(|name| name != id);
    let by_parts =
        || one.iter().zip(other).map(|(one, other)| in_order(one, other)).find(|order| order.is_ne());
    is_further(one)
        .cmp(&is_further(other))
        .then_with(|| one.len().cmp(&other.len()))
        .then_with(|| by_parts().unwrap_or(Ordering::Equal))
        .then_with(|| one.cmp(other))
}

/// Numbers by their size, other text by its letters.
fn in_order(mut one: &str, mut other: &str) -> Ordering {
    let number =
        |text: &str| text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    while let (Some(first), Some(second)) = (one.chars().next(), other.chars().next()) {
        let (digits, other_digits) = (number(one), number(other));
        let (step, other_step, order) = if digits > 0 && other_digits > 0 {
            let value = |text: &str, digits: usize| text[..digits].trim_start_matches('0').to_owned();
            let (left, right) = (value(one, digits), value(other, other_digits));
            (digits, other_digits, left.len().cmp(&right.len()).then(left.cmp(&right)))
        } else {
            (first.len_utf8(), second.len_utf8(), first.cmp(&second))
        };
        if order.is_ne() {
            return order;
        }
        (one, other) = (&one[step..], &other[other_step..]);
    }
    one.len().cmp(&other.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &PhotoNames, paths: &[&str]) -> Vec<String> {
        let places: Vec<Vec<String>> =
            paths.iter().map(|path| place(Path::new(path)).expect("is Unicode")).collect();
        names.ids(&places)
    }

    fn known(ids: &[&str]) -> PhotoNames {
        PhotoNames::Found { known: ids.iter().map(|id| (*id).to_owned()).collect() }
    }

    #[test]
    fn a_file_name_is_the_id_unless_it_is_a_view_in_several_folders() {
        let none = known(&[]);
        assert_eq!(ids(&none, &["a/7.jpg", "b/8.jpg", "9.jpg"]), ["7", "8", "9"]);
        assert_eq!(ids(&none, &["a/tee.jpg", "b/tee.jpg"]), ["tee", "tee"]);
        assert_eq!(
            ids(&none, &["k/a/1.jpg", "k/b/1.jpg", "k/b/Front-2.png", "x/mug.jpg"]),
            ["a", "b", "b", "mug"]
        );
        assert_eq!(
            ids(&none, &["a/1234.jpg", "b/1234.jpg"]),
            ["1234", "1234"],
            "too long for the number of a view"
        );
        assert_eq!(ids(&none, &["1.jpg", "a/1.jpg", "b/1.jpg"]), ["1", "a", "b"]);
    }

    #[test]
    fn a_known_id_is_found_in_the_name_the_folder_or_the_names_beginning() {
        let some = known(&["tee", "tee_red", "8-9"]);
        let paths = ["tee.jpg", "tee_red_2.jpg", "tee_back.jpg", "8-9/z.jpg", "8-9 (3).jpg", "mug_2.jpg"];
        assert_eq!(ids(&some, &paths), ["tee", "tee_red", "tee", "8-9", "8-9", "mug_2"]);
    }

    #[test]
    fn a_pattern_says_where_the_id_is() -> Result<(), String> {
        let by = |pattern: &str, path: &str| {
            Ok::<_, String>(ids(&PhotoNames::Pattern(pattern.parse()?), &[path])[0].clone())
        };
        assert_eq!(by("{id}_*", "x/tee_red_2.jpg")?, "tee_red");
        assert_eq!(by("{id}_*", "x/tee.jpg")?, "tee", "a photo of another place");
        assert_eq!(by("{id}/*", "x/tee/front.jpg")?, "tee");
        assert_eq!(by("{id}/*/*", "x/tee/large/front.jpg")?, "tee");
        assert_eq!(by("p-{id}-*x", "p-ü-1-22x.jpg")?, "ü-1");
        assert_eq!(by("*-{id}", "back-12.jpg")?, "12");
        for wrong in ["", "*", "{id}{id}", "{id}//*", "/{id}", "{ID}"] {
            assert!(wrong.parse::<NamePattern>().is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn the_photo_called_like_the_product_comes_first_then_numbers_by_size() {
        let mut places: Vec<Vec<String>> = ["x/10", "x/2", "x/02", "7/x", "7", "x/b", "x/a1"]
            .map(|place| place.split('/').map(str::to_owned).collect())
            .to_vec();
        places.sort_by(|one, other| order("7", one, other));
        let sorted: Vec<String> = places.iter().map(|place| place.join("/")).collect();
        assert_eq!(sorted, ["7", "7/x", "x/02", "x/2", "x/10", "x/a1", "x/b"]);
    }
}
