// A whole client of the gateway in C# (.NET Framework 4.7, Mono): token, prefill, origins, papers, a problem.
// MOTLAN_URL, MOTLAN_CLIENT and MOTLAN_SECRET say where and as whom; the sandbox is the default.
//   mcs -r:System.Net.Http.dll -r:System.Web.Extensions.dll Prefill.cs && mono Prefill.exe
using System;
using System.Collections;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;
using System.Web.Script.Serialization;
using Members = System.Collections.Generic.Dictionary<string, object>;

// What the gateway could not do (RFC 9457): decide by `code`, show `detail_vi`; 429 and 503: wait `Retry-After`.
sealed class Problem : Exception {
    public readonly Members Answer;
    public Problem(Members said) : base((string)said[said.ContainsKey("code") ? "code" : "error"]) { Answer = said; }
}

static class Prefill {
    static readonly JavaScriptSerializer Json = new JavaScriptSerializer();
    static readonly Uri Gateway = new Uri(Setting("MOTLAN_URL", "http://127.0.0.1:8080"));
    static readonly HttpClient Http = new HttpClient { BaseAddress = Gateway, Timeout = TimeSpan.FromSeconds(15) };

    static string Setting(string name, string otherwise) => Environment.GetEnvironmentVariable(name) ?? otherwise;

    static async Task<Members> Send(string path, HttpContent body, string authorization) {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Headers.Add("Authorization", authorization);
        var response = await Http.SendAsync(request);
        var answer = Json.Deserialize<Members>(await response.Content.ReadAsStringAsync());
        return response.IsSuccessStatusCode ? answer : throw new Problem(answer);
    }

    // Valid for some minutes: keep it, and ask for a new one when the gateway answers 401.
    static async Task<string> Token() {
        var who = Setting("MOTLAN_CLIENT", "portal") + ":" + Setting("MOTLAN_SECRET", "sandbox-only-portal");
        var form = new StringContent("grant_type=client_credentials", null, "application/x-www-form-urlencoded");
        var answer = await Send("/oauth2/token", form, "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(who)));
        return (string)answer["access_token"];
    }

    // The filled form of procedure 1.004873. Personal ids are in bodies, never in an address.
    static Task<Members> Fill(string bearer, string personalId) {
        var requester = new { personal_id = personalId, full_name = "Trần Thị Mẫu", birth_date = "1990-02-15" };
        var subjects = new { requester, person = new { same_as = "requester" } };
        var asked = Json.Serialize(new { procedure = "1.004873", subjects });
        return Send("/v1/prefill", new StringContent(asked, Encoding.UTF8, "application/json"), "Bearer " + bearer);
    }

    // Each field with its origin, then each paper. "unavailable" is not "not_found": say so to the citizen.
    static void Show(Members answer) {
        foreach (var one in (Members)answer["fields"]) {
            var field = (Members)one.Value;
            var said = (string)field["state"];
            if (said == "filled") {
                var origin = (Members)((Members)answer["evidence"])[(string)field["evidence"]];
                said = $"{origin["provider"]}, {origin["fetched_at"]}{((bool)field["editable"] ? "" : ", locked")}";
            }
            Console.WriteLine($"field {one.Key}: {said}");
        }
        foreach (Members paper in (IEnumerable)answer["papers"])
            Console.WriteLine($"paper {paper["code"]}: {paper["state"]}, {paper["title"]}");
    }

    static void Main() { Console.OutputEncoding = new UTF8Encoding(false); Run().GetAwaiter().GetResult(); }

    static async Task Run() {
        var bearer = await Token();
        Show(await Fill(bearer, "033190001234"));
        try { await Fill(bearer, "12 digits are wanted"); }
        catch (Problem refused) {
            var said = refused.Answer;
            Console.WriteLine($"problem {said["status"]} {said["code"]}: {said["detail_vi"]} ({said["exchange_id"]})");
        }
    }
}
