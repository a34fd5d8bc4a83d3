//! stand-in
pub mod chain;
/// stand-in
pub mod keys {
    /// d
    pub fn draw<const N: usize>() -> Result<[u8; N], String> {
        let mut b = [0u8; N];
        aws_lc_rs::rand::fill(&mut b).map_err(|e| e.to_string())?;
        Ok(b)
    }
}
