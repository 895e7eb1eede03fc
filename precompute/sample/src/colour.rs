//! Colours, and the names a shop sells them under.

/// An opaque sRGB colour, channels from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    pub red: f32,
    pub green: f32,
    pub blue: f32,
}

impl Colour {
    /// From the usual `0xrrggbb`.
    pub const fn hex(rgb: u32) -> Self {
        Self {
            red: ((rgb >> 16) & 0xff) as f32 / 255.0,
            green: ((rgb >> 8) & 0xff) as f32 / 255.0,
            blue: (rgb & 0xff) as f32 / 255.0,
        }
    }

    /// `share` of the way from this colour to `other`.
    pub fn mix(self, other: Self, share: f32) -> Self {
        let blend = |from: f32, to: f32| from + (to - from) * share;
        Self {
            red: blend(self.red, other.red),
            green: blend(self.green, other.green),
            blue: blend(self.blue, other.blue),
        }
    }

    /// Every channel times `factor`.
    pub fn times(self, factor: f32) -> Self {
        Self { red: self.red * factor, green: self.green * factor, blue: self.blue * factor }
    }

    /// How light the colour looks, 0 to 1 (the Rec. 709 weights on the encoded channels).
    pub fn luma(self) -> f32 {
        0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue
    }

    /// How different two colours look, 0 to about 1.
    ///
    /// The "redmean" weighting: cheap, and far nearer to the eye than a plain distance.
    pub fn distance(self, other: Self) -> f32 {
        let mean = (self.red + other.red) / 2.0;
        let (r, g, b) = (self.red - other.red, self.green - other.green, self.blue - other.blue);
        (((2.0 + mean) * r * r + 4.0 * g * g + (3.0 - mean) * b * b) / 9.0).sqrt()
    }

    /// The colour as tiny-skia takes it.
    pub fn paint(self, alpha: f32) -> tiny_skia::Color {
        let channel = |value: f32| value.clamp(0.0, 1.0);
        tiny_skia::Color::from_rgba(
            channel(self.red),
            channel(self.green),
            channel(self.blue),
            channel(alpha),
        )
        .expect("clamped channels are in range")
    }
}

/// Near-black ink.
pub const INK: Colour = Colour::hex(0x1e1d22);
/// Near-white ink.
pub const PAPER: Colour = Colour::hex(0xfaf6ee);

/// A colour a garment comes in.
#[derive(Debug, PartialEq)]
pub struct Shade {
    /// The shop's word for it, lower case.
    pub name: &'static str,
    /// The cloth itself.
    pub colour: Colour,
    /// What the shop combines it with: stripes, contrast sleeves, the other half of a dip-dye.
    pub partner: Colour,
}

const fn shade(name: &'static str, colour: u32, partner: u32) -> Shade {
    Shade { name, colour: Colour::hex(colour), partner: Colour::hex(partner) }
}

/// All colours of the catalogue.
pub const SHADES: [Shade; 28] = [
    shade("white", 0xf5f4f0, 0x2b3a5e),
    shade("ecru", 0xebe1cb, 0x9c4a35),
    shade("black", 0x26262a, 0xeeeae2),
    shade("charcoal", 0x46484d, 0xc9c7c2),
    shade("grey", 0xa9abae, 0x3b4250),
    shade("navy", 0x232f4f, 0xf0ece0),
    shade("royal blue", 0x2a51b0, 0xf3f1ea),
    shade("sky", 0x9cc4e4, 0xf7f4ea),
    shade("denim", 0x5b7ba3, 0xe9e4d6),
    shade("petrol", 0x1f5f6b, 0xf0c987),
    shade("turquoise", 0x3fb0b0, 0xfbf3df),
    shade("mint", 0xb5ddc8, 0x3c6b62),
    shade("sage", 0x9caf94, 0xf3ecda),
    shade("olive", 0x6c6f3e, 0xe2d6ae),
    shade("forest", 0x27503c, 0xeadfc4),
    shade("lemon", 0xf5e07a, 0x4f6a8c),
    shade("mustard", 0xd9a130, 0x3a3440),
    shade("apricot", 0xf3b98a, 0xfaf2e4),
    shade("orange", 0xe5762f, 0xfbeed8),
    shade("rust", 0xa84f2c, 0xf0d9b8),
    shade("coral", 0xee7f70, 0xfdf1e6),
    shade("red", 0xc3302f, 0xf6efe4),
    shade("burgundy", 0x6a2136, 0xe6c9b4),
    shade("rose", 0xe5b0b4, 0x7f3d4f),
    shade("fuchsia", 0xc83d80, 0xfbe6ea),
    shade("lilac", 0xc0aedb, 0x4c3f74),
    shade("aubergine", 0x4c3050, 0xd9bfd6),
    shade("sand", 0xd2bd99, 0x54483b),
];
