using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.NodeOdm;
using Muster.Runs;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Looking;

namespace Muster.Cli.Ui;

/// <summary>
/// Scenes among a run's results for the page: a picture of each, and the viewer of `muster scene view` as a page of its
/// own, which a ticket opens. One is read at a time, as it takes memory and a core.
/// </summary>
internal sealed class UiScenes(App app) : IDisposable
{
    private const string Viewer = "/scene";
    private const int MostPoints = 1_000_000;
    private readonly Tickets _tickets = new(app.Clock);
    private readonly SemaphoreSlim _one = new(1);

    public void Map(IEndpointRouteBuilder api, IEndpointRouteBuilder pages)
    {
        api.MapGet("/runs/{id}/scenes", ListAsync);
        api.MapGet("/runs/{id}/scenes/picture", PictureAsync);
        api.MapPost("/runs/{id}/scenes/open", OpenAsync);
        pages.MapGet(Viewer + "/{id}", ShowAsync);
    }

    private Task ListAsync(HttpContext http)
    {
        var files = UiFiles.List(Get(http));
        return http.AnswerAsync(
            new(
                1,
                [.. Among(files).Select(scene => new UiScene(scene.Path, scene.Kind, scene.Bytes))],
                [.. files.Files.Where(file => IsPlot(file.Path)).Select(file => file.Path)]
            ),
            UiJson.Plain.UiSceneList
        );
    }

    /// <summary>Those that `muster scene evaluate --plots` draws; the vectors, as pixels are there too.</summary>
    private static bool IsPlot(string path) => Path.GetFileName(path) is "ate.svg" or "rpe.svg";

    private static IReadOnlyList<FoundScene> Among(UiFileList files) =>
        SceneFinder.Among(files.Files.Select(file => (file.Path, file.Bytes)));

    private async Task PictureAsync(HttpContext http)
    {
        var png = await ReadAsync(
            Get(http),
            http.Request.Query["path"].ToString(),
            (_, scene, survey) =>
            {
                using var file = new MemoryStream();
                PngWriter.Write(file, CloudPicture.Draw(scene, survey, http.RequestAborted).Pixels);
                return file.ToArray();
            },
            http.RequestAborted
        );
        await SendAsync(http, "image/png", png);
    }

    private async Task OpenAsync(HttpContext http)
    {
        var run = Get(http);
        var asked = await AdminApi.BodyAsync(http.Request, UiJson.Plain.UiSceneAsked, http.RequestAborted);
        var scene = Find(run, asked.Path ?? "");
        var (ticket, _) = _tickets.Make(Named(run.Id.ToString(), scene.Path), session: null);
        var path = Uri.EscapeDataString(scene.Path);
        await http.AnswerAsync(new($"{Viewer}/{run.Id}?path={path}&ticket={ticket}"), UiJson.Plain.UiSceneOpened);
    }

    /// <summary>The viewer, with an origin of its own: it has no way to the key of the page that opened it.</summary>
    private async Task ShowAsync(HttpContext http)
    {
        var (id, path) = (http.Request.RouteValues["id"] as string, http.Request.Query["path"].ToString());
        if (!_tickets.Opens(http.Request.Query["ticket"].ToString(), Named(id, path)))
        {
            await http.FaultAsync(
                StatusCodes.Status401Unauthorized,
                "this address is too old",
                "Open the scene from its run's page again."
            );
            return;
        }
        var page = await ReadAsync(
            UiRuns.Get(app, id),
            path,
            (run, scene, survey) =>
            {
                var points = CloudSample.Of(scene, survey, MostPoints, null, http.RequestAborted);
                using var file = new MemoryStream();
                ViewerPage.Write(file, $"{run.Plan.Name} {path}".TrimEnd(), scene, survey, points);
                return file.ToArray();
            },
            http.RequestAborted
        );
        http.Response.Headers.ContentSecurityPolicy = ViewerPage.Policy;
        await SendAsync(http, "text/html; charset=utf-8", page);
    }

    private async Task<byte[]> ReadAsync(
        Run run,
        string path,
        Func<Run, Scene, SceneSurvey, byte[]> make,
        CancellationToken ct
    )
    {
        var found = Find(run, path);
        await _one.WaitAsync(ct);
        try
        {
            return await Task.Run(
                () =>
                {
                    using var scene = Scene.Open(Path.Combine(run.FetchedTo!, found.Path), null, ct);
                    return make(run, scene, SceneSurvey.Of(scene, null, ct));
                },
                ct
            );
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// One that was found, so nothing else is read; and no folder in which a link might lead elsewhere.
    /// </summary>
    private static FoundScene Find(Run run, string path) =>
        Among(UiFiles.List(run)).FirstOrDefault(scene => scene.Path == path) is { } found
        && !HoldsLinks(run.FetchedTo!, found)
            ? found
            : throw new UserException(
                $"{run.Plan.Name} has no scene '{path}' here that can be shown",
                "Fetch its results first. A folder that holds links is not read."
            );

    private static bool HoldsLinks(string root, FoundScene scene)
    {
        var path = Path.Combine(root, scene.Path);
        // beside a file of torch, the whole way is looked for
        var folder =
            scene.IsFolder ? path
            : Path.GetExtension(path) == ".pth" ? Path.GetDirectoryName(path)
            : null;
        return folder is not null
            && new DirectoryInfo(folder).EnumerateFileSystemInfos().Any(entry => entry.LinkTarget is not null);
    }

    public void Dispose() => _one.Dispose();

    private static string Named(string? id, string path) => $"{id} {path}";

    private Run Get(HttpContext http) => UiRuns.Get(app, http.Request.RouteValues["id"] as string);

    private static async Task SendAsync(HttpContext http, string type, byte[] content)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = content.Length;
        await http.Response.Body.WriteAsync(content, http.RequestAborted);
    }
}

/// <param name="Plots">Pictures of evaluations among the results.</param>
public sealed record UiSceneList(int Schema, IReadOnlyList<UiScene> Scenes, IReadOnlyList<string> Plots);

public sealed record UiScene(string Path, string Kind, long Bytes);

public sealed record UiSceneAsked(string? Path);

public sealed record UiSceneOpened(string Url);
