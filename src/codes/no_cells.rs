//! In the place of `cells` in the module for catalogues without them: there are none, and the compiler knows.

use super::{CODES_VERSION, CODES_VERSION_CELLS};
use crate::format::{FormatError, Reader};

/// No cells.
pub enum Cells {}

impl Cells {
    pub(super) fn read(_: &mut Reader, _: usize, _: usize) -> Result<Cells, FormatError> {
        Err(FormatError::NewerVersion { found: CODES_VERSION_CELLS.into(), known: CODES_VERSION.into() })
    }

    pub(super) fn row(&self, _: usize) -> usize {
        match *self {}
    }
}
