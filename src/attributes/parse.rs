//! The text form, read: recursive descent over a few tokens. The grammar stands in `folder/FORMAT.md`.

use std::str::FromStr;

use super::error::{FilterError, short};
use super::filter::{
    Filter, MAX_DEPTH, MAX_LENGTH, MAX_PARTS, Relation, bound, is_bare, is_keyword, is_quote,
};

const CONDITION: &str = "a condition such as colour=red";
const RELATION: &str = "one of = != < <= > >= after the attribute's name";
const VALUE: &str = "a value (in quotes if it has spaces or any of ( ) ! = < > |)";
const NUMBER: &str = "a number";
const CLOSE: &str = "and, or, another condition, or )";
const END: &str = "and, or, another condition, or the end";
const QUOTE: &str = "the closing quote";

impl FromStr for Filter {
    type Err = FilterError;

    /// Reads the text form; the empty text lets everything through.
    fn from_str(text: &str) -> Result<Filter, FilterError> {
        if text.len() > MAX_LENGTH {
            return Err(FilterError::TooLong { bytes: text.len(), most: MAX_LENGTH });
        }
        let mut parser = Parser { text, at: 0, parts: 0 };
        let filter = match parser.peek()? {
            (_, Token::End) => Filter::everything(),
            _ => parser.any(0)?,
        };
        match parser.peek()? {
            (_, Token::End) => filter.check_depth(),
            (at, found) => Err(parser.wrong(at, END, &found)),
        }
    }
}

#[derive(Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Not,
    Equal,
    Unequal,
    Compare(Relation),
    Bar,
    Word { text: String, quoted: bool },
    End,
}

impl Token {
    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self, Token::Word { text, quoted: false } if text.eq_ignore_ascii_case(keyword))
    }

    /// Whether a condition, a negation or a parenthesis begins so.
    fn begins_one(&self) -> bool {
        match self {
            Token::Open | Token::Not => true,
            Token::Word { .. } => !self.is_keyword("or") && !self.is_keyword("and"),
            _ => false,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    parts: usize,
}

impl<'a> Parser<'a> {
    /// One or more, joined by `or`.
    fn any(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut members = vec![self.all(depth)?];
        while self.take_if(|token| token.is_keyword("or"))? {
            members.push(self.all(depth)?);
        }
        Ok(Filter::any(members))
    }

    /// One or more, joined by `and` or by nothing.
    fn all(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut members = vec![self.one(depth)?];
        while self.take_if(|token| token.is_keyword("and"))? || self.peek()?.1.begins_one() {
            members.push(self.one(depth)?);
        }
        Ok(Filter::all(members))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > MAX_DEPTH {
            return Err(FilterError::TooDeep { most: MAX_DEPTH });
        }
        match self.next()? {
            (_, Token::Not) => Ok(Filter::negate(self.one(depth + 1)?)),
            (_, token) if token.is_keyword("not") => Ok(Filter::negate(self.one(depth + 1)?)),
            (_, Token::Open) => {
                if self.take_if(|token| *token == Token::Close)? {
                    return Ok(Filter::everything());
                }
                let inner = self.any(depth + 1)?;
                match self.next()? {
                    (_, Token::Close) => Ok(inner),
                    (at, found) => Err(self.wrong(at, CLOSE, &found)),
                }
            }
            (_, Token::Word { text, quoted }) if quoted || !is_keyword(&text) => self.condition(&text),
            (at, found) => Err(self.wrong(at, CONDITION, &found)),
        }
    }

    fn condition(&mut self, field: &str) -> Result<Filter, FilterError> {
        match self.next()? {
            (_, Token::Equal) => self.values(field),
            (_, Token::Unequal) => Ok(Filter::negate(self.values(field)?)),
            (_, Token::Compare(relation)) => {
                self.count()?;
                match self.next()? {
                    (at, Token::Word { text, quoted }) => match bound(&text) {
                        Some(number) => Ok(Filter::compare(field, relation, number)),
                        None => Err(self.wrong(at, NUMBER, &Token::Word { text, quoted })),
                    },
                    (at, found) => Err(self.wrong(at, NUMBER, &found)),
                }
            }
            (at, found) => Err(self.wrong(at, RELATION, &found)),
        }
    }

    fn values(&mut self, field: &str) -> Result<Filter, FilterError> {
        let mut values = Vec::new();
        loop {
            self.count()?;
            match self.next()? {
                (_, Token::Word { text, .. }) => values.push(text),
                (at, found) => return Err(self.wrong(at, VALUE, &found)),
            }
            if !self.take_if(|token| *token == Token::Bar)? {
                return Ok(Filter::one_of(field, values));
            }
        }
    }

    fn count(&mut self) -> Result<(), FilterError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(FilterError::TooManyParts { most: MAX_PARTS });
        }
        Ok(())
    }

    fn take_if(&mut self, wanted: impl Fn(&Token) -> bool) -> Result<bool, FilterError> {
        let before = self.at;
        let taken = wanted(&self.next()?.1);
        if !taken {
            self.at = before;
        }
        Ok(taken)
    }

    fn peek(&mut self) -> Result<(usize, Token), FilterError> {
        let before = self.at;
        let token = self.next();
        self.at = before;
        token
    }

    /// The next token and where it begins, in bytes.
    fn next(&mut self) -> Result<(usize, Token), FilterError> {
        let rest = self.after(self.at).trim_start();
        let start = self.text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok((start, Token::End)) };
        let signs = [
            ("!=", Token::Unequal),
            ("<=", Token::Compare(Relation::AtMost)),
            (">=", Token::Compare(Relation::AtLeast)),
            ("<", Token::Compare(Relation::Below)),
            (">", Token::Compare(Relation::Above)),
            ("=", Token::Equal),
            ("!", Token::Not),
            ("(", Token::Open),
            (")", Token::Close),
            ("|", Token::Bar),
        ];
        if let Some((sign, token)) = signs.into_iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at = start + sign.len();
            return Ok((start, token));
        }
        if is_quote(first) {
            return self.quoted(start, first);
        }
        let length = rest.find(|character| !is_bare(character)).unwrap_or(rest.len());
        self.at = start + length;
        Ok((start, Token::Word { text: rest.get(..length).unwrap_or_default().to_owned(), quoted: false }))
    }

    fn after(&self, at: usize) -> &'a str {
        // A place between two characters, always; written so that no slicing of text has to be able to fail.
        self.text.get(at..).unwrap_or_default()
    }

    fn quoted(&mut self, start: usize, quote: char) -> Result<(usize, Token), FilterError> {
        let mut text = String::new();
        let mut characters = self.after(start + 1).char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                _ if character == quote => {
                    self.at = start + 1 + offset + 1;
                    return Ok((start, Token::Word { text, quoted: true }));
                }
                _ => text.push(character),
            }
        }
        Err(self.wrong(self.text.len(), QUOTE, &Token::End))
    }

    fn wrong(&self, at: usize, expected: &'static str, found: &Token) -> FilterError {
        let found = match found {
            Token::End => "the end".to_owned(),
            Token::Word { text, .. } => format!("\"{}\"", short(text)),
            // Signs are one or two bytes long.
            Token::Unequal | Token::Compare(Relation::AtMost | Relation::AtLeast) => {
                format!("\"{}\"", self.text.get(at..at + 2).unwrap_or_default())
            }
            _ => format!("\"{}\"", self.text.get(at..at + 1).unwrap_or_default()),
        };
        let before = self.text.get(..at).unwrap_or_default();
        FilterError::Syntax { at: before.chars().count() + 1, expected, found }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::filter::tests::any_filter;
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Filter>().map_or_else(|error| error.to_string(), |filter| filter.to_string())
    }

    #[test]
    fn many_ways_to_write_the_same() {
        for (text, canonical) in [
            ("", ""),
            ("  colour = red | blue  ", "colour=red|blue"),
            ("colour='Foo Bar'", "colour=\"Foo Bar\""),
            ("colour!=red", "!colour=red"),
            ("not colour=red AND size=\"S\"", "!colour=red size=S"),
            ("a=1 b=2 or c=3 and d=4", "a=1 b=2 or c=3 d=4"),
            ("(a=1 or (b=2 or c=3))", "a=1 or b=2 or c=3"),
            ("!(a=1 b=2)(c=3)", "!(a=1 b=2) c=3"),
            ("price<20 price >= 5.50", "price<20 price>=5.5"),
            ("state=OR state=and", "state=OR state=and"),
            (r#""or"="a\"b\\" x='it\'s'"#, r#""or"=a"b\ x=it's"#),
            ("brand=Levi's height=15\"", "brand=Levi's height=15\""),
            ("() a=1", "a=1"),
            ("größe=42", "größe=42"),
        ] {
            assert_eq!(parsed(text), canonical, "{text}");
            assert_eq!(parsed(canonical), canonical, "{text}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, message) in [
            (
                "colour",
                "at character 7: expected one of = != < <= > >= after the attribute's name, found the end",
            ),
            ("größe=", "at character 7: expected a value"),
            ("price<cheap", "at character 7: expected a number, found \"cheap\""),
            ("price<=", "expected a number, found the end"),
            ("price<inf", "expected a number, found \"inf\""),
            ("(a=1", "at character 5: expected and, or, another condition, or ), found the end"),
            ("a=1)", "at character 4: expected and, or, another condition, or the end, found \")\""),
            ("a=1 or", "at character 7: expected a condition such as colour=red, found the end"),
            ("or a=1", "at character 1: expected a condition such as colour=red, found \"or\""),
            ("a==1", "at character 3: expected a value"),
            ("a=\"b", "at character 5: expected the closing quote, found the end"),
            ("a=b|>=c", "found \">=\""),
            ("a=b c", "at character 6: expected one of ="),
        ] {
            let error = parsed(text);
            assert!(error.starts_with("the filter is not understood at character "), "{text}: {error}");
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_filters_are_refused() {
        let error = |text: String| text.parse::<Filter>().expect_err("it is over a limit");
        assert_eq!(error("(".repeat(60_000)), FilterError::TooDeep { most: MAX_DEPTH });
        assert_eq!(error("!".repeat(60_000)), FilterError::TooDeep { most: MAX_DEPTH });
        assert_eq!(error("not ".repeat(15_000)), FilterError::TooDeep { most: MAX_DEPTH });
        assert_eq!(error("a=1 ".repeat(5_000)), FilterError::TooManyParts { most: MAX_PARTS });
        assert_eq!(error("a".repeat(65_537)), FilterError::TooLong { bytes: 65_537, most: MAX_LENGTH });
        let nested = (0..25).fold("a=1".to_owned(), |inner, _| format!("(b=1 ({inner} or c=1))"));
        assert_eq!(error(nested), FilterError::TooDeep { most: MAX_DEPTH });
        assert!("!".repeat(MAX_DEPTH).parse::<Filter>().is_err());
        assert!(format!("{}a=1", "!".repeat(MAX_DEPTH)).parse::<Filter>().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed(filter in any_filter()) {
            let text = filter.to_string();
            prop_assert_eq!(text.parse::<Filter>(), Ok(filter), "{}", text);
        }

        #[test]
        fn nothing_typed_panics(text in "[ab(){}!=<>|\"'\\\\ 0-9é]{0,40}") {
            if let Ok(filter) = text.parse::<Filter>() {
                prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
            }
        }
    }
}
