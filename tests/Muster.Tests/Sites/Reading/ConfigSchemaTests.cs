using System.Text.Json;

namespace Muster.Sites.Reading;

public sealed class ConfigSchemaTests
{
    [Fact]
    public void The_schema_is_json_and_names_every_key_with_its_meaning()
    {
        using var schema = JsonDocument.Parse(ConfigSchema.ToJson());
        var top = schema.RootElement.GetProperty("properties");
        Assert.Equal(
            [
                "default-site",
                "sites",
                "jobs",
                "scaling",
                "notify",
                "on-interrupt",
                "snapshot-warn-size",
                "snapshot-warn-files",
            ],
            top.EnumerateObject().Select(key => key.Name)
        );

        var site = top.GetProperty("sites").GetProperty("additionalProperties");
        Assert.False(site.GetProperty("additionalProperties").GetBoolean());
        var keys = site.GetProperty("properties").EnumerateObject().ToList();
        Assert.Equal(ConfigSchema.SiteKeys.Select(key => key.Name), keys.Select(key => key.Name));
        Assert.All(keys, key => Assert.NotEmpty(key.Value.GetProperty("description").GetString()!));
        Assert.Equal(
            ["local", "ssh", "slurm", "cloud", "kubernetes"],
            site.GetProperty("properties")
                .GetProperty("kind")
                .GetProperty("enum")
                .EnumerateArray()
                .Select(word => word.GetString())
        );
    }
}
