package dev.demotic.runtime.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The part of a GGUF file before the tensor data, as it is put together for writing. */
final class GgufHeader {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

    byte[] bytes() {
        return out.toByteArray();
    }

    void int32(int value) {
        out.write(number.putInt(0, value).array(), 0, 4);
    }

    void int64(long value) {
        out.write(number.putLong(0, value).array(), 0, 8);
    }

    void string(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        int64(bytes.length);
        out.writeBytes(bytes);
    }

    /** A metadata key, the type of its value, and the value. */
    void entry(String key, Metadata.Value value) {
        string(key);
        type(value.type());
        value(value);
    }

    void tensor(GgufWriter.Slot slot, long offset) {
        string(slot.name());
        int32(slot.shape().length);
        for (long size : slot.shape()) {
            int64(size);
        }
        int32(slot.type().id());
        int64(offset);
    }

    void padTo(int alignment) {
        while (out.size() % alignment != 0) {
            out.write(0);
        }
    }

    @SuppressWarnings("EnumOrdinal") // the ordinal is the id in the file
    private void type(Metadata.Type type) {
        int32(type.ordinal());
    }

    private void value(Metadata.Value value) {
        if (value.type() == Metadata.Type.ARRAY) {
            type(value.elementType());
            elements(value.value());
        } else {
            scalar(value.type(), value.value());
        }
    }

    private void scalar(Metadata.Type type, Object value) {
        switch (type) {
            case UINT8, INT8 -> out.write(((Number) value).intValue());
            case UINT16, INT16 -> int16(((Number) value).shortValue());
            case UINT32, INT32 -> int32(((Number) value).intValue());
            case UINT64, INT64 -> int64(((Number) value).longValue());
            case FLOAT32 -> int32(Float.floatToRawIntBits((Float) value));
            case FLOAT64 -> int64(Double.doubleToRawLongBits((Double) value));
            case BOOL -> out.write((Boolean) value ? 1 : 0);
            case STRING -> string((String) value);
            case ARRAY -> throw new IllegalArgumentException("an array is no scalar");
        }
    }

    private void int16(short value) {
        out.write(number.putShort(0, value).array(), 0, 2);
    }

    private void elements(Object values) {
        int64(java.lang.reflect.Array.getLength(values));
        switch (values) {
            case byte[] bytes -> out.writeBytes(bytes);
            case short[] shorts -> {
                for (short value : shorts) {
                    int16(value);
                }
            }
            case int[] ints -> {
                for (int value : ints) {
                    int32(value);
                }
            }
            case long[] longs -> {
                for (long value : longs) {
                    int64(value);
                }
            }
            case float[] floats -> {
                for (float value : floats) {
                    int32(Float.floatToRawIntBits(value));
                }
            }
            case double[] doubles -> {
                for (double value : doubles) {
                    int64(Double.doubleToRawLongBits(value));
                }
            }
            case boolean[] flags -> {
                for (boolean flag : flags) {
                    out.write(flag ? 1 : 0);
                }
            }
            case String[] strings -> {
                for (String value : strings) {
                    string(value);
                }
            }
            case Metadata.Value[] arrays -> {
                for (Metadata.Value value : arrays) {
                    value(value);
                }
            }
            default -> throw new IllegalArgumentException("no metadata array: " + values.getClass());
        }
    }
}
