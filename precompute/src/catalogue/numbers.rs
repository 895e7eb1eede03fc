//! Numbers as shops write them: `19,90`, `1.299,00 EUR`, `€ 24,50`. What a card shows stays as it is written; what can be
//! compared is the number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fields::ProductFields;
use super::rows::Place;

/// A number with what was written around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// As JSON writes it.
    pub number: String,
    /// The currency beside it, empty if there is none.
    pub currency: String,
}

/// What may stand beside a number: codes of ISO 4217 and the signs and words that shops write instead.
const CURRENCIES: [&str; 75] = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
    "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KWD", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD",
    "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH",
    "USD", "VND", "ZAR", "$", "€", "£", "¥", "₹", "₽", "₺", "₩", "₴", "₫", "฿", "₱", "₪", "US$", "A$", "C$",
    "R$", "S/", "Fr.", "Rs.", "Rs", "kr", "kr.", "Kč", "zł", "Ft", "lei",
];

/// The number that `text` stands for.
///
/// Of two different marks the last is the decimal mark; a mark that occurs twice separates thousands; a single mark before
/// one, two, or more than three digits is the decimal mark. A single mark before three digits says nothing by itself: a
/// point is then taken for the decimal mark, as programs write it, unless `comma` says that the column has decimal
/// commas, and a comma for one of thousands, unless it says so.
pub fn amount(text: &str, comma: bool) -> Option<Amount> {
    let text = text.trim();
    let is_number = |letter: char| {
        letter.is_ascii_digit()
            || matches!(letter, '.' | ',' | '-' | '+' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
    };
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let signed =
        text[..start].char_indices().next_back().filter(|(_, letter)| matches!(letter, '-' | '+' | '.'));
    let start = signed.map_or(start, |(at, _)| at);
    let length = text[start..].find(|letter| !is_number(letter)).unwrap_or(text.len() - start);
    let number = text[start..start + length].trim_end();
    let (before, after) = (text[..start].trim(), text[start + number.len()..].trim());
    if !before.is_empty() && !after.is_empty() {
        return None;
    }
    let currency = [before, after].concat();
    if !currency.is_empty() && !CURRENCIES.contains(&currency.as_str()) {
        return None;
    }
    // "19.-" and "19,-" are round prices.
    let number = number.strip_suffix(".-").or(number.strip_suffix(",-")).unwrap_or(number);
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number.strip_prefix('+').unwrap_or(number)),
    };
    let number = format!("{sign}{}", plain(digits.trim(), comma)?);
    number.parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some(Amount { number, currency })
}

/// Digits with a decimal point at most.
fn plain(digits: &str, comma: bool) -> Option<String> {
    let spaces = |letter: char| matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’');
    let count = |mark: char| digits.matches(mark).count();
    let (decimal, thousands) = match (count('.'), count(',')) {
        (0, 0) => (None, None),
        (_, 0) | (0, _) => {
            let mark = if count('.') > 0 { '.' } else { ',' };
            let after = digits.len() - digits.rfind(mark)? - 1;
            let decimal = match (count(mark), after) {
                (1, 3) => (mark == ',') == comma || digits.starts_with('0'),
                (1, _) => true,
                _ => false,
            };
            if decimal { (Some(mark), None) } else { (None, Some(mark)) }
        }
        _ if digits.rfind('.') > digits.rfind(',') => (Some('.'), Some(',')),
        _ => (Some(','), Some('.')),
    };
    let (whole, fraction) = match decimal {
        Some(mark) => digits.rsplit_once(mark)?,
        None => (digits, ""),
    };
    let groups: Vec<&str> = whole.split(|letter| Some(letter) == thousands || spaces(letter)).collect();
    let (first, rest) = groups.split_first()?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Thousands are three digits; lakhs are two, the last group three.
    let grouped = rest.is_empty()
        || (!first.is_empty()
            && first.len() <= 3
            && rest.iter().all(|group| matches!(group.len(), 2 | 3))
            && rest.last().is_some_and(|group| group.len() == 3));
    if !grouped || !groups.iter().all(|group| are_digits(group)) || !are_digits(fraction) {
        return None;
    }
    let whole = match groups.concat() {
        whole if whole.is_empty() && !fraction.is_empty() => "0".to_owned(),
        whole => whole,
    };
    match (whole.is_empty(), fraction.is_empty()) {
        (true, _) => None,
        (_, true) => Some(whole),
        _ => Some(format!("{whole}.{fraction}")),
    }
}

/// A word in a column's name that says it holds prices.
const PRICES: [&str; 8] = ["price", "preis", "prix", "precio", "prezzo", "preço", "prijs", "pris"];

/// Whether a column of that name holds prices.
pub fn is_price(column: &str) -> bool {
    let column = column.to_lowercase();
    PRICES.iter().any(|word| column.contains(word))
}

/// What is known of a column's values while rows are read.
#[derive(Default)]
struct Column {
    /// Values that are numbers as programs write them.
    plain: usize,
    /// Values that are numbers with a decimal comma, marks of thousands, or a currency.
    written: usize,
    /// Of the numbers, those in which a comma can only be the decimal mark, and those in which a point can only be.
    commas: usize,
    points: usize,
    currencies: BTreeSet<String>,
    others: usize,
    /// The first values that are none.
    first: Vec<(Place, String)>,
}

/// Finds columns of numbers.
#[derive(Default)]
pub struct NumberColumns {
    columns: BTreeMap<Arc<str>, Column>,
}

/// How many values that are no numbers a note names.
const NAMED: usize = 3;
/// The share of a column's values that must be numbers for the others to be told, in prices and elsewhere.
const NEARLY: [f64; 2] = [0.5, 0.9];

fn is_plain(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite) && text.bytes().any(|byte| byte.is_ascii_digit())
}

impl NumberColumns {
    /// Looks at a value.
    pub fn add(&mut self, place: Place, name: &Arc<str>, text: &str) {
        if !self.columns.contains_key(name) {
            self.columns.insert(Arc::clone(name), Column::default());
        }
        let Some(column) = self.columns.get_mut(name) else { return };
        for value in text.split('|').map(str::trim).filter(|value| !value.is_empty()) {
            match amount(value, false) {
                _ if is_plain(value) => column.plain += 1,
                Some(Amount { currency, .. }) => {
                    column.written += 1;
                    if !currency.is_empty() && column.currencies.len() < NAMED {
                        column.currencies.insert(currency);
                    }
                    match (amount(value, true), amount(value, false)) {
                        (Some(one), Some(other)) if one != other => {}
                        _ if value.rfind(',') > value.rfind('.') => column.commas += 1,
                        _ => column.points += 1,
                    }
                }
                None => {
                    column.others += 1;
                    if column.first.len() < NAMED {
                        column.first.push((place, value.chars().take(40).collect()));
                    }
                }
            }
        }
    }

    /// Lets the columns that are numbers as people write them be compared as numbers; returns what to tell the user.
    pub fn settle<'a>(self, products: impl Iterator<Item = &'a mut ProductFields>) -> Vec<String> {
        let mut notes = Vec::new();
        let mut numbers: BTreeMap<Arc<str>, bool> = BTreeMap::new();
        for (name, column) in self.columns {
            let found = column.plain + column.written;
            let price = is_price(&name);
            let share = found as f64 / (found + column.others).max(1) as f64;
            if column.others > 0 {
                if found >= 2 && share >= NEARLY[usize::from(!price)] {
                    notes.push(column.complaint(&name, found));
                }
                continue;
            }
            // A column of "38,39" may be a list of sizes: without a currency only prices are read so.
            let readable =
                price || !column.currencies.is_empty() || (column.commas > 0 && column.points == 0);
            if column.written == 0 || !readable {
                continue;
            }
            if column.currencies.len() > 1 {
                let currencies: Vec<String> = column.currencies.into_iter().collect();
                notes.push(format!(
                    "column {name} has several currencies ({}): its numbers are compared as if they had one",
                    currencies.join(", ")
                ));
            }
            numbers.insert(name, column.commas > column.points);
        }
        if !numbers.is_empty() {
            let names: Vec<&str> = numbers.keys().map(|name| &**name).collect();
            notes.push(format!(
                "compared as numbers, shown as written (decimal commas, currency): {}",
                names.join(", ")
            ));
            for fields in products {
                fields.compare(|name, text| {
                    let comma = *numbers.get(name)?;
                    let values = text.split('|').filter(|value| !value.trim().is_empty());
                    let values: Option<Vec<String>> =
                        values.map(|value| Some(amount(value, comma)?.number)).collect();
                    values.map(|values| values.join("|"))
                });
            }
        }
        notes
    }
}

impl Column {
    fn complaint(&self, name: &str, found: usize) -> String {
        let places: Vec<String> =
            self.first.iter().map(|(place, text)| format!("{place} ({text})")).collect();
        let more = match self.others - self.first.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "column {name} is a number in {found} of {} rows, but not at {}{more}: it cannot be compared",
            found + self.others,
            places.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, comma: bool) -> Option<String> {
        amount(text, comma).map(|amount| amount.number)
    }

    #[test]
    fn amounts_are_read_as_shops_write_them() {
        for (text, want, unit) in [
            ("19.90 USD", "19.90", "USD"),
            ("USD 19.90", "19.90", "USD"),
            ("€ 24,50", "24.50", "€"),
            ("24,50 €", "24.50", "€"),
            ("24,50\u{a0}€", "24.50", "€"),
            ("1,299.00", "1299.00", ""),
            ("1.299,00", "1299.00", ""),
            ("1 299,00 kr", "1299.00", "kr"),
            ("1\u{202f}299,00", "1299.00", ""),
            ("1'299.00", "1299.00", ""),
            ("12,34,567.00", "1234567.00", ""),
            ("1.299.000", "1299000", ""),
            ("$19", "19", "$"),
            ("19.-", "19", ""),
            ("-4,5", "-4.5", ""),
            (".5", "0.5", ""),
            ("0.125", "0.125", ""),
        ] {
            assert_eq!(
                amount(text, false),
                Some(Amount { number: want.into(), currency: unit.into() }),
                "{text}"
            );
        }
        for text in [
            "on request",
            "",
            "from 19.90 to 24.90",
            "19.90 per piece",
            "2024-05-01",
            "1,2,3",
            "12 34",
            "p00",
            "1.2.3",
            "1e5x",
            "size 3",
            "XL 3",
        ] {
            assert_eq!(amount(text, false), None, "{text}");
        }
    }

    #[test]
    fn a_mark_before_three_digits_is_read_as_the_column_has_it() {
        assert_eq!(number("1,299", false).as_deref(), Some("1299"));
        assert_eq!(number("1,299", true).as_deref(), Some("1.299"));
        assert_eq!(number("1.299", false).as_deref(), Some("1.299"));
        assert_eq!(number("1.299", true).as_deref(), Some("1299"));
        assert_eq!(number("0.299", true).as_deref(), Some("0.299"));
    }

    fn settled(name: &str, values: &[&str]) -> (Vec<Option<String>>, Vec<String>) {
        let column: Arc<str> = name.into();
        let mut found = NumberColumns::default();
        let mut products: Vec<ProductFields> = Vec::new();
        for (line, value) in (2..).zip(values) {
            found.add(Place::Line(line), &column, value);
            let mut fields = ProductFields::default();
            fields.set(&column, (*value).to_owned());
            products.push(fields);
        }
        let notes = found.settle(products.iter_mut());
        let compared = |fields: &ProductFields| {
            fields.comparable().find(|(other, _)| *other == name).map(|(_, text)| text.to_owned())
        };
        (products.iter().map(compared).collect(), notes)
    }

    #[test]
    fn columns_of_amounts_can_be_compared_and_columns_that_nearly_are_say_where_not() {
        let (numbers, notes) = settled("price", &["19.90 USD", "1,299.00", "€ 24,50"]);
        assert_eq!(numbers.iter().flatten().collect::<Vec<_>>(), ["19.90", "1299.00", "24.50"]);
        assert!(notes.iter().any(|note| note.contains("several currencies")), "{notes:?}");
        let (numbers, notes) = settled("price", &["19,90", "1.299", "24,50"]);
        assert_eq!(numbers.iter().flatten().collect::<Vec<_>>(), ["19.90", "1299", "24.50"]);
        assert_eq!(notes.len(), 1, "{notes:?}");
        let (numbers, notes) = settled("price", &["19.90", "24.50", "on request"]);
        assert_eq!(numbers[2].as_deref(), Some("on request"));
        assert!(notes[0].contains("line 4 (on request)"), "{notes:?}");
        let (numbers, notes) = settled("colour", &["red", "7", "blue"]);
        assert_eq!((numbers[1].as_deref(), notes.len()), (Some("7"), 0));
        let (numbers, notes) = settled("weight", &["0,5", "1,25"]);
        assert_eq!((numbers[0].as_deref(), notes.len()), (Some("0.5"), 1));
        let (numbers, notes) = settled("date", &["2024-05-01", "2024-05-02"]);
        assert_eq!((numbers[0].as_deref(), notes.len()), (Some("2024-05-01"), 0));
    }
}
