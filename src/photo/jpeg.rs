//! Kinds of JPEG that the decoder makes wrong pictures of without saying so; they are refused.
//!
//! Names and numbers are of ITU-T T.81, annex B.

/// Why the picture in `bytes` is not decoded, if it is a JPEG of a kind that would come out wrong.
pub(super) fn refused(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    let mut frame: Option<Frame> = None;
    loop {
        // Fill bytes may stand before a marker.
        let start = rest.iter().position(|byte| *byte == 0xff)?;
        rest = &rest[start..];
        let marker_at = rest.iter().position(|byte| *byte != 0xff)?;
        let marker = rest[marker_at];
        rest = &rest[marker_at + 1..];
        // Markers without a segment, and a zero that is no marker.
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            continue;
        }
        if marker == 0xd9 {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
        let segment = rest.get(2..length)?;
        match marker {
            // Huffman tables, JPG and arithmetic conditioning share the range with frames.
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf => {
                let found = Frame::read(marker, segment)?;
                if let Some(reason) = found.refused() {
                    return Some(reason);
                }
                frame = Some(found);
            }
            0xda => {
                let (scanned, frame) = (usize::from(*segment.first()?), frame?);
                let interleaved = scanned == frame.components;
                // A progressive picture has scans of single components by design.
                return (frame.sequential && !interleaved).then(|| {
                    format!(
                        "a sequential JPEG whose {} components are in scans of their own",
                        frame.components
                    )
                });
            }
            _ => {}
        }
        rest = &rest[length..];
    }
}

/// What a frame header says.
struct Frame {
    sequential: bool,
    kind: u8,
    precision: u8,
    components: usize,
}

impl Frame {
    fn read(marker: u8, segment: &[u8]) -> Option<Frame> {
        let &[precision, _, _, _, _, components] = segment.first_chunk()?;
        let sequential = matches!(marker, 0xc0 | 0xc1);
        Some(Frame { sequential, kind: marker, precision, components: components.into() })
    }

    fn refused(&self) -> Option<String> {
        let what = match self.kind {
            0xc0..=0xc2 => None,
            0xc3 | 0xc7 | 0xcb | 0xcf => Some("a lossless JPEG"),
            0xc5 | 0xc6 | 0xcd | 0xce => Some("a hierarchical JPEG"),
            _ => Some("a JPEG with arithmetic coding"),
        };
        if let Some(what) = what {
            return Some(what.to_owned());
        }
        (self.precision != 8).then(|| format!("a JPEG of {} bits a channel", self.precision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's headers: a frame of that kind and a scan of that many components.
    fn jpeg(kind: u8, precision: u8, components: u8, scanned: u8) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xc0, 0xff, 0xff, kind];
        bytes.extend([0, 8 + 3 * components, precision, 0, 8, 0, 8, components]);
        (0..components).for_each(|component| bytes.extend([component, 0x11, 0]));
        bytes.extend([0xff, 0xda, 0, 6 + 2 * scanned, scanned]);
        (0..scanned).for_each(|component| bytes.extend([component, 0]));
        bytes.extend([0, 63, 0, 1, 2, 3]);
        bytes
    }

    #[test]
    fn kinds_that_come_out_wrong_are_refused_and_others_are_not() {
        for (kind, precision, components, scanned, word) in [
            (0xc0, 8, 3, 3, None),
            (0xc1, 8, 3, 3, None),
            (0xc0, 8, 1, 1, None),
            (0xc2, 8, 3, 1, None),
            (0xc0, 8, 4, 4, None),
            (0xc0, 8, 3, 1, Some("scans of their own")),
            (0xc1, 8, 3, 2, Some("scans of their own")),
            (0xc1, 12, 3, 3, Some("12 bits")),
            (0xc3, 8, 3, 3, Some("lossless")),
            (0xc5, 8, 3, 3, Some("hierarchical")),
            (0xc9, 8, 3, 3, Some("arithmetic")),
            (0xca, 8, 3, 3, Some("arithmetic")),
        ] {
            let told = refused(&jpeg(kind, precision, components, scanned));
            let right = match (&told, word) {
                (None, None) => true,
                (Some(told), Some(word)) => told.contains(word),
                _ => false,
            };
            assert!(right, "{kind:x}: {told:?}");
        }
        let whole = jpeg(0xc0, 8, 3, 1);
        for cut in 0..whole.len() {
            refused(&whole[..cut]);
        }
        assert_eq!(refused(b"no JPEG"), None);
    }
}
