dist_man_MANS += docs/qcc.1
dist_doc_DATA += docs/qdl.md docs/numerics.md docs/augmentation.md docs/training.md docs/accuracy.md README.md LICENSE docs/operators.md docs/onnx.md
