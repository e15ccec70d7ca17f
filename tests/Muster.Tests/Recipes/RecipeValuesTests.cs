using System.Diagnostics;

namespace Muster.Recipes;

public sealed class RecipeValuesTests : IDisposable
{
    private readonly RecipeFolder _folder = new();
    private readonly Recipe _recipe;

    public RecipeValuesTests() =>
        _recipe = _folder.Recipe(
            """
            about: Blurs.
            script: run.sh
            inputs:
              photos: { type: folder, about: Photos., only: ['*.[pP][nN][gG]'] }
              mask: { type: file, optional: true }
            parameters:
              radius: { type: integer, min: 1, max: 9, default: 3 }
              share: { type: number, min: 0, max: 1 }
              kind: { type: choice, choices: [box, gauss], default: box }
              fast: { type: flag, default: false }
              patience: { type: time, default: 15m }
              room: { type: size, default: 2G }
              label: { type: text, required: true, about: What to call it. }
            """
        );

    public void Dispose() => _folder.Dispose();

    private (RecipeValues Values, List<string> Findings) Read(params (string, string)[] given)
    {
        var (values, findings) = RecipeValues.Read(_recipe, given.ToDictionary(), _folder.Path);
        return (values, [.. findings.Select(finding => finding.ToString())]);
    }

    [Fact]
    public void Values_arrive_as_scripts_take_them()
    {
        _folder.Write("photos/a.PNG", "");
        var (values, findings) = Read(("photos", "photos"), ("label", "it's"), ("share", "0.50"), ("fast", "true"));

        Assert.Empty(findings);
        Assert.Equal(Path.Combine(_folder.Path, "photos"), values.LocalPath("photos"));
        Assert.Equal(
            "box 900 true it's 3 2147483648 0.5".Split(' '),
            new[] { "kind", "patience", "fast", "label", "radius", "room", "share" }.Select(name =>
                values.Parameters[name]
            )
        );
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "empty"));
        Assert.Equal(
            [
                "--photos: empty holds nothing that fits *.[pP][nN][gG]",
                "--mask: empty is a folder, and a file is wanted",
                "--radius takes a whole number from 1 to 9, not '10'",
                "--share takes a number from 0 to 1, not 'NaN'",
                "--kind takes one of: box, gauss, not 'Box'",
                "--patience takes a time such as 90s, 15m or 2h, not 'soon'",
                "--room takes a size such as 500M or 2G, not '-1'",
                "--label is missing: what to call it.",
            ],
            Read(
                ("photos", "empty"),
                ("mask", "empty"),
                ("radius", "10"),
                ("share", "NaN"),
                ("kind", "Box"),
                ("patience", "soon"),
                ("room", "-1")
            ).Findings
        );
        Assert.Equal(
            ["--photos is missing: photos.", "--label takes a text on one line, not 'a\nb'"],
            Read(("label", "a\nb")).Findings
        );
        Assert.Equal(["--photos: gone does not exist"], Read(("photos", "gone"), ("label", "x")).Findings);
    }

    [Fact]
    public void What_is_on_the_site_already_is_not_looked_at_here()
    {
        var (values, findings) = Read(("photos", "there:/scratch/it's mine"), ("label", "x"));

        Assert.Empty(findings);
        Assert.Null(values.LocalPath("photos"));
        Assert.Contains(@"export MUSTER_INPUT_PHOTOS='/scratch/it'\''s mine'", RecipePlanner.Exports(values, null));
        Assert.Equal(
            ["--photos: 'there:relative' needs a full path on the site, such as there:/scratch/photos"],
            Read(("photos", "there:relative"), ("label", "x")).Findings
        );
    }

    [Fact]
    public void A_value_stays_one_word_of_the_shell()
    {
        _folder.Write("photos/a.png", "");
        _folder.Write("a 'mask' $(x)", "");
        var (values, _) = Read(
            ("photos", "photos"),
            ("mask", "a 'mask' $(x)"),
            ("label", "$(touch it) `x` 'q' \"p\" ; rm")
        );
        var script = string.Join('\n', RecipePlanner.Exports(values, TimeSpan.FromMinutes(2)));

        Assert.Equal(
            "/in/photos|/in/mask/a 'mask' $(x)|$(touch it) `x` 'q' \"p\" ; rm|/root/shared/mine|120",
            Run(
                $"MUSTER_IN=/in MUSTER_RUN_DIR=/root/runs/1\n{script}\nprintf '%s|%s|%s|%s|%s' "
                    + $"\"$MUSTER_INPUT_PHOTOS\" \"$MUSTER_INPUT_MASK\" \"$MUSTER_PARAM_LABEL\" \"$MUSTER_SHARED\" "
                    + $"\"$MUSTER_TIME\""
            )
        );
    }

    private static string Run(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true })!;
        return shell.StandardOutput.ReadToEnd();
    }
}
