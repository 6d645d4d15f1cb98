// A whole client of the gateway in Java (17, with Jackson): token, prefill, origin of each value, papers, a problem.
// MOTLAN_URL, MOTLAN_CLIENT and MOTLAN_SECRET say where and as whom; the sandbox is the default.
//   java -cp '/usr/share/java/*' Prefill.java         (Debian: default-jdk-headless, libjackson2-databind-java)
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;

public final class Prefill {
    static final String GATEWAY = setting("MOTLAN_URL", "http://127.0.0.1:8080");
    static final ObjectMapper JSON = new ObjectMapper();
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    // What the gateway could not do (RFC 9457): decide by `code`, show `detail_vi`; 429 and 503: wait `Retry-After`
    static final class Problem extends Exception {
        final JsonNode answer;
        Problem(JsonNode said) { super(text(said, "code") + text(said, "error")); answer = said; }
    }

    static String setting(String name, String otherwise) {
        return Objects.requireNonNullElse(System.getenv(name), otherwise);
    }

    static String text(JsonNode node, String member) { return node.path(member).asText(); }

    static JsonNode send(String path, String body, String type, String authorization) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(GATEWAY + path)).timeout(Duration.ofSeconds(15))
            .header("Content-Type", type).header("Authorization", authorization)
            .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        var response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        JsonNode answer = JSON.readTree(response.body());
        if (response.statusCode() >= 400) throw new Problem(answer);
        return answer;
    }

    /** Valid for some minutes: keep it, and ask for a new one when the gateway answers 401. */
    static String token() throws Exception {
        String who = setting("MOTLAN_CLIENT", "portal") + ":" + setting("MOTLAN_SECRET", "sandbox-only-portal");
        String basic = "Basic " + Base64.getEncoder().encodeToString(who.getBytes(StandardCharsets.UTF_8));
        return send("/oauth2/token", "grant_type=client_credentials", "application/x-www-form-urlencoded", basic)
            .get("access_token").asText();
    }

    /** The filled form of procedure 1.004873. Personal ids are in bodies, never in an address. */
    static JsonNode prefill(String bearer, String personalId) throws Exception {
        var person = Map.of("personal_id", personalId, "full_name", "Trần Thị Mẫu", "birth_date", "1990-02-15");
        var asked = Map.of("procedure", "1.004873",
            "subjects", Map.of("requester", person, "person", Map.of("same_as", "requester")));
        return send("/v1/prefill", JSON.writeValueAsString(asked), "application/json", "Bearer " + bearer);
    }

    /** Each field with its origin, then each paper. "unavailable" is not "not_found": say so to the citizen. */
    static void show(JsonNode answer) {
        answer.get("fields").fields().forEachRemaining(one -> {
            JsonNode field = one.getValue(), origin = answer.get("evidence").path(text(field, "evidence"));
            String locked = field.get("editable").asBoolean() ? "" : ", locked", state = text(field, "state");
            String from = text(origin, "provider") + ", " + text(origin, "fetched_at") + locked;
            OUT.printf("field %s: %s%n", one.getKey(), state.equals("filled") ? from : state);
        });
        for (JsonNode paper : answer.get("papers"))
            OUT.printf("paper %s: %s, %s%n", text(paper, "code"), text(paper, "state"), text(paper, "title"));
    }

    public static void main(String[] arguments) throws Exception {
        String bearer = token();
        show(prefill(bearer, "033190001234"));
        try {
            prefill(bearer, "12 digits are wanted");
        } catch (Problem problem) {
            JsonNode said = problem.answer;
            OUT.printf("problem %s %s: %s (%s)%n", text(said, "status"), text(said, "code"),
                text(said, "detail_vi"), text(said, "exchange_id"));
        }
    }
}
