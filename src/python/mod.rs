//! Python source to predictor signature to OpenAPI document, as Cog 0.19 and later do it, without running anything.
