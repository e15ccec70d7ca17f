using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Sites.Schedulers;

/// <summary>
/// By what a job is found where it was launched: SLURM's number, <c>7</c> or <c>7;cluster</c>, or the first process of
/// a host, <c>host:4711</c>.
/// </summary>
[JsonConverter(typeof(Converter))]
public sealed record JobHandle(string Text)
{
    /// <summary>SLURM's number as its commands take it, without the cluster.</summary>
    public string Number => Text.Split(';')[0];

    public override string ToString() => Text;

    internal sealed class Converter : JsonConverter<JobHandle>
    {
        public override JobHandle Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, JobHandle value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Text);
    }
}
