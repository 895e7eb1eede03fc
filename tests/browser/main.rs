//! The element and the shop in real browsers, driven over WebDriver, served as a shop would serve them.
//!
//! One browser a test and one test at a time: what is timed here should not share the processor. `everywhere` and `strict` are run
//! in three browsers; the rest needs only one, or what Chromium alone tells. `CHROMEDRIVER`, `GECKODRIVER`, `WEBKIT_DRIVER`,
//! `CHROMIUM`, `FIREFOX`, `WEBKIT_BROWSER` and `XVFB` say which programs to use; without them the `PATH` does.

mod axe;
mod browser;
mod chromium;
mod damaged;
mod element;
mod everywhere;
mod face;
mod healing;
mod mutated;
mod pace;
mod parity;
mod partitions;
mod parts;
mod phone;
mod photo;
mod privacy;
mod several_photos;
mod shop;
mod shop_server;
mod site;
mod strict;
