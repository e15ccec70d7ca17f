namespace Muster.Scenes.Formats.Tensors;

/// <summary>What a tensor's numbers are, always little-endian.</summary>
public enum ElementType
{
    Float16,
    BFloat16,
    Float32,
    Float64,
    Int8,
    UInt8,
    Int16,
    Int32,
    Int64,
    Bool,
}

public static class ElementTypes
{
    public static int Size(this ElementType type) =>
        type switch
        {
            ElementType.Float64 or ElementType.Int64 => 8,
            ElementType.Float32 or ElementType.Int32 => 4,
            ElementType.Float16 or ElementType.BFloat16 or ElementType.Int16 => 2,
            _ => 1,
        };
}
