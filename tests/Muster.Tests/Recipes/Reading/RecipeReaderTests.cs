using System.Text.Json;
using Muster.Runs.Roles;

namespace Muster.Recipes.Reading;

public sealed class RecipeReaderTests : IDisposable
{
    private readonly RecipeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_key_arrives_in_its_record()
    {
        foreach (var script in (string[])["stage.sh", "look.sh", "ready.sh", "serve.py"])
            _folder.Write($"recipes/mine/{script}", "");
        var recipe = _folder.Recipe(
            """
            about: |
              Blurs photos.
              More of it.
            script: run.sh
            program: true
            stage: stage.sh
            preflight: look.sh
            prepare: ready.sh
            launch: torch-env
            roles:
              worker: { count: 2, gpus: 1, cpus: 4, memory: 8G }
              server: { script: serve.py, ready: port, service: true }
            alone: true
            merge: true
            inputs:
              photos: { type: folder, about: Photos., only: ['*.png'] }
              mask: { type: file, optional: true }
            parameters:
              radius: { type: integer, min: 1, max: 9, default: 3, about: How far. }
              share: { type: number, min: 0 }
              kind: { type: choice, choices: [box, gauss], default: box }
              label: { type: text, required: true }
            resources: { gpus: 1, cpus: 4, memory: 8G, time: 90m }
            container: docker://debian:13
            outputs: ['*.png']
            ports: [web]
            after-fetch: [scene export $OUT/a.pth]
            """
        );

        Assert.Equal(
            ("mine", "Blurs photos.\nMore of it.", "run.sh", "stage.sh"),
            (recipe.Name, recipe.About, recipe.Script, recipe.Stage)
        );
        Assert.Equal(
            (true, "look.sh", "ready.sh", "torch-env", true, true),
            (recipe.Program, recipe.Preflight, recipe.Prepare, recipe.Launch, recipe.Alone, recipe.Merge)
        );
        Assert.Equal(
            [
                new("worker", null, 2, 1, 4, "8G", false, null),
                new RecipeRole("server", "serve.py", null, null, null, null, true, true),
            ],
            recipe.Roles
        );
        Assert.Equal(["photos", "mask"], recipe.Inputs.Select(input => input.Name));
        Assert.Equal(
            (InputKind.Folder, false, "*.png"),
            (recipe.Inputs[0].Kind, recipe.Inputs[0].Optional, recipe.Inputs[0].Only.Single())
        );
        Assert.True(recipe.Inputs[1].Optional);
        Assert.Equal(["radius", "share", "kind", "label"], recipe.Parameters.Select(parameter => parameter.Name));
        Assert.Equal(
            ("3", 1.0, 9.0),
            (recipe.Parameters[0].Default, recipe.Parameters[0].Min, recipe.Parameters[0].Max)
        );
        Assert.True(recipe.Parameters[3].Required);
        Assert.Equal(new RecipeResources(1, 4, "8G", "90m"), recipe.Resources);
        Assert.Equal(
            ("docker://debian:13", "*.png", "web"),
            (recipe.Container, recipe.Outputs.Single(), recipe.Ports.Single())
        );
        Assert.Equal(["scene", "export", "$OUT/a.pth"], recipe.AfterFetch.Single());
    }

    [Fact]
    public void Every_mistake_is_named_with_its_line()
    {
        Assert.Equal(
            [
                "recipes/mine/recipe.yaml:1: unknown key 'abuot'; did you mean 'about'?",
                "recipes/mine/recipe.yaml:1: a recipe needs `about`: what it does; lists show the first line",
                "recipes/mine/recipe.yaml:2: script 'missing.sh' is not in the recipe's folder",
                "recipes/mine/recipe.yaml:4: unknown key 'olny' in input photos; did you mean 'only'?",
                "recipes/mine/recipe.yaml:5: 'Big Name' cannot be a name here: use small letters, digits and -, and "
                    + "begin with a letter",
                "recipes/mine/recipe.yaml:7: expected a number, not 'one'",
                "recipes/mine/recipe.yaml:8: 'time' is an option of every run; choose another name",
                "recipes/mine/recipe.yaml:9: the default of parameter far must be a whole number from 1 to 3, not '7'",
                "recipes/mine/recipe.yaml:10: 'kind' needs a `type`: text, integer, number, flag, choice, time, size",
                "recipes/mine/recipe.yaml:11: 'photos' is an input already",
                "recipes/mine/recipe.yaml:12: parameter odd needs `choices`",
                "recipes/mine/recipe.yaml:13: expected one of: text, integer, number, flag, choice, time, size, not "
                    + "'word'",
                "recipes/mine/recipe.yaml:14: expected a whole number above 0, not 'many'",
                "recipes/mine/recipe.yaml:15: after-fetch 'submit -- rm -rf .' is no command of `muster scene`, which "
                    + "alone can follow",
            ],
            _folder.MistakesIn(
                """
                abuot: It blurs.
                script: missing.sh
                inputs:
                  photos: { type: folder, olny: ['*.png'] }
                  Big Name: { type: file }
                parameters:
                  near: { type: number, min: one }
                  time: { type: text }
                  far: { type: integer, min: 1, max: 3, default: 7 }
                  kind: { default: box }
                  photos: { type: text }
                  odd: { type: choice }
                  word: { type: word }
                resources: { gpus: many }
                after-fetch: [submit -- rm -rf .]
                """
            )
        );
    }

    [Fact]
    public void Mistakes_in_roles_are_named_with_their_lines()
    {
        Assert.Equal(
            [
                $"recipes/mine/recipe.yaml:3: expected one of: {LaunchProfile.Names}, not 'spark'",
                "recipes/mine/recipe.yaml:5: expected a whole number above 0, not '0'",
                "recipes/mine/recipe.yaml:6: expected port, not 'soon'",
                "recipes/mine/recipe.yaml:7: unknown key 'scrpit' in role server; did you mean 'script'?",
                "recipes/mine/recipe.yaml:8: script 'gone.sh' is not in the recipe's folder",
                "recipes/mine/recipe.yaml:9: preflight 'look.py' must end in .sh",
            ],
            _folder.MistakesIn(
                """
                about: x
                script: run.sh
                launch: spark
                roles:
                  worker: { count: 0 }
                  ps: { ready: soon }
                  server: { scrpit: serve.sh }
                  other: { script: gone.sh }
                preflight: look.py
                """
            )
        );
        Assert.Equal(
            [
                "recipes/mine/recipe.yaml:3: `launch` is for recipes with `roles`",
                "recipes/mine/recipe.yaml:4: `merge` is for recipes with `roles`",
            ],
            _folder.MistakesIn("about: x\nscript: run.sh\nlaunch: dask\nmerge: true\n")
        );
    }

    [Fact]
    public void A_file_that_is_empty_or_no_mapping_is_a_mistake()
    {
        Assert.Equal(["recipes/mine/recipe.yaml:1: the file is empty"], _folder.MistakesIn(""));
        Assert.Contains("recipes/mine/recipe.yaml:1: expected keys with values", _folder.MistakesIn("- a\n- b\n"));
    }

    [Fact]
    public void The_schema_describes_every_key()
    {
        using var schema = JsonDocument.Parse(RecipeSchema.ToJson());
        var keys = schema.RootElement.GetProperty("properties").EnumerateObject().Select(key => key.Name);

        Assert.Equal(RecipeSchema.TopKeys.Select(key => key.Name), keys);
        Assert.Equal(
            ["type"],
            schema
                .RootElement.GetProperty("properties")
                .GetProperty("inputs")
                .GetProperty("additionalProperties")
                .GetProperty("required")
                .EnumerateArray()
                .Select(key => key.GetString())
        );
        Assert.False(schema.RootElement.GetProperty("additionalProperties").GetBoolean());
    }

    [Fact]
    public void No_parameter_hides_an_option_of_every_run()
    {
        var recipe = _folder.Recipe(
            "about: x\nscript: run.sh\nroles: { worker: {} }\nparameters: { radius: { type: text } }\n"
        );
        var options = new Cli.Recipes.RecipeCommand(recipe)
            .Options.Where(option => option.Name != "--radius")
            .Select(option => option.Name[2..]);

        Assert.Empty(options.Except(RecipeReader.Taken));
    }
}
