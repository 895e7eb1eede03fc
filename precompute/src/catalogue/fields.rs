//! What the shop says of one product.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// What the table or the feed says of one product. Empty fields are left out.
///
/// A million of them are in memory for as long as a build takes: names of columns are shared, and nothing has room to grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProductFields {
    /// Its name.
    pub title: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Its price.
    pub price: Option<String>,
    /// Its own picture.
    pub image: Option<String>,
    /// Every further column and what it says, in byte order of their names.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(Arc<str>, Box<str>)>,
    /// Columns whose text is compared as something else than is shown, such as `24,50 €` as 24.50, in byte order.
    #[serde(serialize_with = "as_map")]
    compared: Vec<(Arc<str>, Box<str>)>,
}

fn as_map<S: Serializer>(attributes: &[(Arc<str>, Box<str>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(attributes.iter().map(|(name, text)| (&**name, &**text)))
}

impl ProductFields {
    /// What column `name` says, `None` where it is empty or not there.
    pub fn column(&self, name: &str) -> Option<&str> {
        let field = match name {
            "title" => &self.title,
            "url" => &self.url,
            "price" => &self.price,
            "image" => &self.image,
            _ => return self.place(name).ok().map(|place| &*self.attributes[place].1),
        };
        field.as_deref()
    }

    /// Has column `name` say `text`.
    pub fn set(&mut self, name: &Arc<str>, text: String) {
        match &**name {
            "title" => self.title = Some(text),
            "url" => self.url = Some(text),
            "price" => self.price = Some(text),
            "image" => self.image = Some(text),
            _ => match self.place(name) {
                Ok(place) => self.attributes[place].1 = text.into(),
                Err(place) => self.attributes.insert(place, (Arc::clone(name), text.into())),
            },
        }
    }

    /// Every column that says something, with its text, the four well-known ones first.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = ["title", "url", "price", "image"];
        let known = known.into_iter().filter_map(|name| Some((name, self.column(name)?)));
        known.chain(self.attributes.iter().map(|(name, text)| (&**name, &**text)))
    }

    /// The columns that may be filtered by, with what is compared.
    pub fn comparable(&self) -> impl Iterator<Item = (&str, &str)> {
        let price = self.price.as_deref().map(|price| ("price", price));
        let others = self.attributes.iter().map(|(name, text)| (&**name, &**text));
        price.into_iter().chain(others).map(|(name, text)| {
            let compared = self.compared.binary_search_by(|(other, _)| (**other).cmp(name));
            (name, compared.map_or(text, |place| &*self.compared[place].1))
        })
    }

    /// Has the columns for which `as_what` gives a text be compared as that.
    pub fn compare(&mut self, as_what: impl Fn(&str, &str) -> Option<String>) {
        let mut compared: Vec<(Arc<str>, Box<str>)> = Vec::new();
        for (name, text) in &self.attributes {
            if let Some(other) = as_what(name, text).filter(|other| **other != **text) {
                compared.push((Arc::clone(name), other.into()));
            }
        }
        if let Some(price) = &self.price
            && let Some(other) = as_what("price", price).filter(|other| other != price)
        {
            compared.push(("price".into(), other.into()));
        }
        compared.sort_by(|one, other| one.0.cmp(&other.0));
        compared.shrink_to_fit();
        self.compared = compared;
    }

    /// Keeps of the further columns only those that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.attributes.retain(|(name, _)| keep(name));
        self.attributes.shrink_to_fit();
        self.compared.retain(|(name, _)| &**name == "price" || keep(name));
    }

    /// Gives back what was allocated and is not needed.
    pub fn shrink(&mut self) {
        self.attributes.shrink_to_fit();
    }

    /// Of a further column; where it would be, if it is not there.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.attributes.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}
