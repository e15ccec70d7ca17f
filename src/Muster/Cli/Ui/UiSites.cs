using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Cli.Context;
using Muster.Cli.Sites;
using Muster.NodeOdm;

namespace Muster.Cli.Ui;

/// <summary>Sites for the page: those of the configuration, and what a check of one finds.</summary>
internal sealed class UiSites(App app)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/sites", ListAsync);
        api.MapPost("/sites/{name}/check", CheckAsync);
    }

    private Task ListAsync(HttpContext http) =>
        http.AnswerAsync(
            new(
                1,
                app.Config.DefaultSite,
                [.. app.Config.Sites.Select(site => SiteView.Of(site, app.Config.DefaultSite))]
            ),
            SiteJson.Plain.SiteListView
        );

    private async Task CheckAsync(HttpContext http)
    {
        var site = app.Config.Get((string)http.Request.RouteValues["name"]!);
        var view = await SitesCheckCommand.CheckAsync(app, site, fix: false, http.RequestAborted);
        await http.AnswerAsync(new(1, view.Ok, [view]), CheckJson.Plain.CheckView);
    }
}
