//! Synthetic notices as bytes: one is encoded, the others differ from it in a few digits.

/// The draft of a departure, as an office's client sends it.
pub struct Template {
    bytes: Vec<u8>,
    reference: usize,
    resident: usize,
}

impl Template {
    /// A departure from Jinjiang to that county on that day. Runs that publish to the same node
    /// need different letters.
    pub fn new(run: char, county: &str, event_date: &str) -> Self {
        let reference = format!("{run}{:0DIGITS$}", 0);
        let resident = resident(0);
        let mut person = Vec::new();
        text(&mut person, 1, "测试甲");
        text(&mut person, 2, &resident);
        text(&mut person, 4, "21");
        text(&mut person, 5, "19900000000");
        let mut certificate = Vec::new();
        text(&mut certificate, 1, "HY-35058200000001");
        text(&mut certificate, 2, "有效");
        let mut movement = Vec::new();
        text(&mut movement, 2, "350582104000");
        text(&mut movement, 3, &format!("{county}001000"));
        text(&mut movement, 5, ADDRESS);
        text(&mut movement, 6, event_date);
        field(&mut movement, 8, &certificate);
        field(&mut movement, 1, &person);
        let mut draft = Vec::new();
        text(&mut draft, 1, &reference);
        field(&mut draft, 20, &movement);
        let mut bytes = Vec::new();
        field(&mut bytes, 1, &draft);
        let place = |what: &str| {
            let mut windows = bytes.windows(what.len());
            windows
                .position(|window| window == what.as_bytes())
                .unwrap()
        };
        Self {
            reference: place(&reference) + run.len_utf8(),
            resident: place(&resident),
            bytes,
        }
    }

    /// The number of a notice that begins with the bytes of a request.
    pub fn number(&self, bytes: &[u8]) -> u64 {
        let digits = &bytes[self.reference..self.reference + DIGITS];
        let digits = digits.iter().map(|digit| u64::from(digit - b'0'));
        digits.fold(0, |number, digit| number * 10 + digit)
    }

    /// Whether a notice is of this run.
    pub fn is_own(&self, bytes: &[u8]) -> bool {
        bytes[..self.reference] == self.bytes[..self.reference]
    }

    /// The request that publishes the notice of that number.
    pub fn bytes(&self, number: u64) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let digits = &mut bytes[self.reference..self.reference + DIGITS];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let resident = resident(number);
        bytes[self.resident..self.resident + resident.len()].copy_from_slice(resident.as_bytes());
        bytes
    }
}

/// A number that belongs to no one: it begins with 99, a woman's of 1990.
fn resident(number: u64) -> String {
    let mut characters = *b"99000019900101002X";
    let mut put = |at: usize, value: u64| characters[at] = b'0' + value as u8;
    for (at, power) in [
        (5, 1),
        (4, 10),
        (3, 100),
        (2, 1_000),
        (15, 10_000),
        (14, 100_000),
    ] {
        put(at, number / power % 10);
    }
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = characters
        .iter()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    characters[17] = b"10X98765432"[(sum % 11) as usize];
    String::from_utf8_lossy(&characters).into_owned()
}

fn text(into: &mut Vec<u8>, number: u8, value: &str) {
    field(into, number, value.as_bytes());
}

/// A field of protobuf with a length.
fn field(into: &mut Vec<u8>, number: u8, value: &[u8]) {
    for mut rest in [usize::from(number) << 3 | 2, value.len()] {
        while rest >= 0x80 {
            into.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        into.push(rest as u8);
    }
    into.extend_from_slice(value);
}

/// Of the reference: as many notices as anyone may ask for.
const DIGITS: usize = 12;

/// Long enough that the notice, as it is handed over, has about 600 bytes.
const ADDRESS: &str = "云南省昆明市官渡区测试街道办事处测试社区居民委员会测试路一百二十三号测试花园小区第四期二十五栋三单元一千八百零二室，门前有测试公交站与测试农贸市场，进小区后沿测试河向北步行约三百米，房东测试乙与其家人同住，工作日晚上七点以后在家，可由测试社区卫生服务站转交";
