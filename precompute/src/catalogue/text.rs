//! Bytes of a text file to text: byte order marks, UTF-8, UTF-16, and the encodings that spreadsheets saved in before UTF-8.

use anyhow::bail;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A file's text.
#[derive(Debug)]
pub struct Text {
    /// Without a byte order mark.
    pub text: String,
    /// What to tell the user about the encoding, if it is a guess.
    pub note: Option<String>,
}

/// Reads `bytes` in the encoding that they are in.
///
/// Text without a mark that is not UTF-8 is in the encoding that a browser would guess, and a note says so with an example.
///
/// # Errors
/// When the bytes are not text, or mix UTF-8 with something else; the message has the line.
pub fn decode(bytes: Vec<u8>) -> anyhow::Result<Text> {
    if let Some((encoding, mark)) = Encoding::for_bom(&bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
        if damaged {
            bail!("{}", damage(&bytes, &text, encoding));
        }
        return Ok(Text { text: text.into_owned(), note: None });
    }
    if let Some(encoding) = utf16_without_mark(&bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes);
        if damaged {
            bail!("{}", damage(&bytes, &text, encoding));
        }
        return Ok(Text { text: text.into_owned(), note: None });
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Text { text, note: None }),
        Err(error) => error.into_bytes(),
    };
    legacy(&bytes)
}

/// ASCII in UTF-16 has a zero in every second byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(512) & !1];
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, most) = (zeros(0), zeros(1), start.len() * 3 / 8);
    if start.len() < 8 {
        None
    } else if odd > most && even == 0 {
        Some(UTF_16LE)
    } else if even > most && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn damage(bytes: &[u8], text: &str, encoding: &'static Encoding) -> String {
    if encoding == encoding_rs::UTF_8
        && let Err(error) = std::str::from_utf8(bytes)
    {
        return format!(
            "line {}: not UTF-8, which the file's mark says it is",
            line_at(bytes, error.valid_up_to())
        );
    }
    let before = text.split(char::REPLACEMENT_CHARACTER).next().unwrap_or_default();
    format!("line {}: damaged {}", 1 + before.matches('\n').count(), encoding.name())
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// Text that is neither UTF-8 nor marked.
fn legacy(bytes: &[u8]) -> anyhow::Result<Text> {
    let error = std::str::from_utf8(bytes).expect_err("UTF-8 was tried before");
    let first = error.valid_up_to();
    let line = line_at(bytes, first);
    if bytes.contains(&0) {
        bail!(
            "line {line}: not text; a table is CSV, tab-separated or JSON text, and a spreadsheet is saved as CSV first"
        );
    }
    // Bytes that are UTF-8 by chance are rare: a file with some of both is a UTF-8 file with damage.
    let mixed = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if mixed {
        bail!("line {line}: not UTF-8, though other lines are; save the table as UTF-8");
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let (mut text, mut damaged, mut encoding) = decode_as(bytes, guess);
    if damaged {
        (text, damaged, encoding) = decode_as(bytes, WINDOWS_1252);
    }
    // Undefined in Windows-1252: no text has control characters there.
    if damaged || text.chars().any(|letter| matches!(letter, '\u{80}'..='\u{9f}')) {
        bail!("line {line}: not UTF-8, nor an encoding that is known; save the table as UTF-8");
    }
    let example = text.lines().nth(line - 1).unwrap_or_default().trim();
    let shown: String = example.chars().take(80).collect();
    let note = format!(
        "not UTF-8: read as {}, in which line {line} says: {shown} (if that is wrong, save the table as UTF-8)",
        encoding.name()
    );
    Ok(Text { text, note: Some(note) })
}

fn decode_as(bytes: &[u8], encoding: &'static Encoding) -> (String, bool, &'static Encoding) {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), damaged, encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() -> anyhow::Result<()> {
        let text = "id;title\r\np00;Café hoodie, green\r\n";
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16(text, true),
            utf16(text, false),
        ] {
            let read = decode(bytes)?;
            assert_eq!((read.text.as_str(), read.note), (text, None));
        }
        let big: Vec<u8> =
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(big)?.text, text);
        let (windows, ..) = WINDOWS_1252.encode(text);
        let read = decode(windows.into_owned())?;
        assert_eq!(read.text, text);
        let note = read.note.unwrap_or_default();
        assert!(note.contains("windows-1252") && note.contains("line 2") && note.contains("Café"), "{note}");
        let russian = "id,title\np00,Красная футболка с длинным рукавом\np01,Синяя куртка\n";
        let (cyrillic, ..) = encoding_rs::WINDOWS_1251.encode(russian);
        assert_eq!(decode(cyrillic.into_owned())?.text, russian);
        Ok(())
    }

    #[test]
    fn what_is_not_text_is_named_with_its_line() {
        let mixed = [b"id,title\np00,caf\xc3\xa9\n".as_slice(), b"p01,caf\xe9\n"].concat();
        for (bytes, word) in [
            (mixed, "line 3"),
            (b"PK\x03\x04\x00\x00\xff\xfe".to_vec(), "not text"),
            (b"\xef\xbb\xbfid\np\xff\n".to_vec(), "line 2"),
        ] {
            let error = decode(bytes).expect_err("not text").to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
