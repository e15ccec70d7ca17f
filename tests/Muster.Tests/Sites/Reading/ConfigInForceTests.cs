using Muster.Configuration;

namespace Muster.Sites.Reading;

public sealed class ConfigInForceTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_value_is_told_with_its_line_and_defaults_as_built_in()
    {
        var settings = _folder
            .Read("default-site: a\nsites:\n  a: { kind: local }\n")
            .InForce()
            .ToDictionary(setting => setting.Key);
        Assert.Equal("muster.yaml:1", settings["default-site"].Origin.ToString());
        Assert.Equal(("ask", Origin.BuiltIn), (settings["on-interrupt"].Value, settings["on-interrupt"].Origin));
        Assert.Equal("local", settings["sites.a.kind"].Value);
    }

    [Fact]
    public void A_password_in_a_job_s_list_of_variables_is_not_shown()
    {
        var settings = _folder
            .Read("jobs:\n  a: { command: x, env: [API_KEY=hunter2] }\n  b: { command: x, env: [LEVEL=3] }\n")
            .InForce()
            .ToDictionary(setting => setting.Key, setting => setting.Value);
        Assert.Equal(("(hidden)", "[LEVEL=3]"), (settings["jobs.a.env"], settings["jobs.b.env"]));
    }

    [Fact]
    public void A_password_among_the_variables_is_not_shown()
    {
        var settings = _folder
            .Read("sites:\n  a:\n    kind: local\n    env: { API_KEY: hunter2, HF_TOKEN: \"${HOME}\", PLAIN: x }\n")
            .InForce()
            .ToDictionary(setting => setting.Key, setting => setting.Value);
        Assert.Equal(
            ("(hidden)", "${HOME}", "x"),
            (settings["sites.a.env.API_KEY"], settings["sites.a.env.HF_TOKEN"], settings["sites.a.env.PLAIN"])
        );
    }

    [Fact]
    public void The_files_looked_for_are_told_whether_they_are_there_or_not()
    {
        Assert.Equal([false, false, false], _folder.Sources.Candidates().Select(file => file.IsRead));
        var path = _folder.Write("muster.yaml", "");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "below"));
        var below = _folder.SourcesIn(Path.Combine(_folder.Path, "below"));
        Assert.Equal((path, true), (below.Candidates()[0].Path, below.Candidates()[0].IsRead));
        Assert.Equal(path, below.FileToAddTo());
    }

    [Fact]
    public void Without_a_file_nearby_a_site_is_added_to_the_users_own() =>
        Assert.Equal(Path.Combine(_folder.Home, ".config", "muster", "config.yaml"), _folder.Sources.FileToAddTo());
}
