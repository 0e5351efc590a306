//! Response bodies of limited size.

use bytes::{Bytes, BytesMut};

/// A response body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    /// The connection closed early, or the encoding is invalid.
    #[error("failed to read the complete response")]
    Broken(#[source] reqwest::Error),
}

/// Reads a response body of up to `limit_bytes`.
///
/// Bytes are counted after decompression, chunk by chunk, so that a small compressed body cannot grow past the limit either.
pub async fn read_bounded(mut response: reqwest::Response, limit_bytes: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit_bytes as u64 {
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clients::http::{HttpOptions, build_client};

    async fn answer(template: ResponseTemplate) -> (MockServer, reqwest::Response) {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(template).mount(&server).await;
        let client = build_client(&HttpOptions { use_proxy: false, ..HttpOptions::default() }).unwrap();
        let response = client.get(server.uri()).send().await.unwrap();
        (server, response)
    }

    /// A megabyte of zeros, compressed to about a kilobyte: stored once so that the test needs no compressor.
    fn gzip_of_zeros() -> Vec<u8> {
        // One deflate block of a literal zero and repeated matches (length 258, distance 1), fixed Huffman codes.
        let mut bits = BitWriter::default();
        bits.put(1, 1);
        bits.put(1, 2);
        bits.put_code(0b0011_0000, 8);
        for _ in 0..4_000 {
            bits.put_code(0b1100_0101, 8);
            bits.put_code(0, 5);
        }
        bits.put_code(0, 7);
        let length = 1_u32 + 4_000 * 258;
        let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        file.extend(bits.finish());
        // The checksum is never reached: reading stops at the limit.
        file.extend([0; 4]);
        file.extend(length.to_le_bytes());
        file
    }

    #[derive(Default)]
    struct BitWriter {
        bytes: Vec<u8>,
        used: usize,
    }

    impl BitWriter {
        fn put(&mut self, value: u32, count: usize) {
            for bit in 0..count {
                if self.used.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                *self.bytes.last_mut().unwrap() |= u8::try_from((value >> bit) & 1).unwrap() << (self.used % 8);
                self.used += 1;
            }
        }

        /// Huffman codes are written from their highest bit on.
        fn put_code(&mut self, code: u32, count: usize) {
            for bit in (0..count).rev() {
                self.put((code >> bit) & 1, 1);
            }
        }

        fn finish(self) -> Vec<u8> {
            self.bytes
        }
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read() {
        let (_server, response) = answer(ResponseTemplate::new(200).set_body_bytes(vec![7; 100])).await;
        assert_eq!(read_bounded(response, 100).await.unwrap().len(), 100);
    }

    #[tokio::test]
    async fn a_longer_body_is_rejected() {
        let (_server, response) = answer(ResponseTemplate::new(200).set_body_bytes(vec![7; 101])).await;
        assert!(matches!(read_bounded(response, 100).await, Err(BodyError::TooLarge { limit_bytes: 100 })));
    }

    #[tokio::test]
    async fn a_compressed_body_is_counted_after_decompression() {
        let bomb = gzip_of_zeros();
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let template = ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(bomb);
        let (_server, response) = answer(template).await;
        assert!(matches!(read_bounded(response, 100_000).await, Err(BodyError::TooLarge { .. })));
    }
}
